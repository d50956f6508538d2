"""A reporter for tests, which look at the cluster instead of at the steps."""


class Quiet:
    """Shows no step."""

    def begin(self, title: str) -> None:
        """Show nothing."""

    def detail(self, text: str) -> None:
        """Show nothing."""

    def end(self, title: str, seconds: float) -> None:
        """Show nothing."""
