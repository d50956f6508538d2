"""Channel: genesis, membership and configuration updates, by one writer (DESIGN, decision 5)."""

from heddle.provider.channel.handler import ChannelHandler

__all__ = ["ChannelHandler"]
