"""Export what no node says of itself, asked as `heddle status` and other commands ask it."""

from heddle.monitoring.exporter.facts import Facts, ask_facts
from heddle.monitoring.exporter.samples import Sample, samples_of, text_of
from heddle.monitoring.exporter.serving import serve

__all__ = ["Facts", "Sample", "ask_facts", "samples_of", "serve", "text_of"]
