"""Show the components' logs to people."""

from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.waiting import last_lines
from heddle.errors import LocalKubeError

__all__ = ["ends_of_logs"]


def ends_of_logs(layout: Layout, component: str, lines: int) -> str:
    """Return the last lines of one component's log, or of each.

    Raises:
        LocalKubeError: there is no such log; with those that there are.
    """
    names = sorted(path.stem for path in layout.logs.glob("*.log"))
    if component and component not in names:
        raise LocalKubeError(
            f"cluster {layout.name}: no log of {component!r}", hint=f"there are: {', '.join(names) or 'none'}"
        )
    chosen = [component] if component else names
    return "\n".join(last_lines(layout.logs / f"{name}.log", lines) for name in chosen) + "\n"
