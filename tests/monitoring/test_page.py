"""The page of monitoring lists every alarm and every metric of the exporter, as they are."""

from pathlib import Path

from heddle.monitoring.alarms import ALARMS
from heddle.monitoring.metrics import METRICS, Source

PAGE = Path(__file__).parents[2] / "docs/operations/monitoring.md"


def alarm_rows() -> list[str]:
    """The table of alarms."""
    rows = ["| alarm | severity, after | needs | page | first |", "|---|---|---|---|---|"]
    for alarm in (alarm for group in ALARMS.values() for alarm in group):
        page = Path(alarm.page).name
        needs, title = ", ".join(alarm.sources), page.partition(".md")[0]
        rows.append(
            f"| `{alarm.name}` | {alarm.severity}, {alarm.lasts} | {needs} | [{title}]({page}) "
            f"| `{alarm.command('STACK')}` |"
        )
    return rows


def metric_rows() -> list[str]:
    """The table of what the exporter tells."""
    rows = ["| metric | labels | |", "|---|---|---|"]
    for metric in METRICS.values():
        if metric.source is Source.EXPORTER:
            labels = ", ".join(label for label in metric.labels if label != "namespace") or "—"
            rows.append(f"| `{metric.name}` | {labels} | {metric.help} |")
    return rows


def test_every_alarm_is_on_the_page() -> None:
    assert "\n".join(alarm_rows()) in PAGE.read_text()


def test_every_metric_of_the_exporter_is_on_the_page() -> None:
    assert "\n".join(metric_rows()) in PAGE.read_text()
