"""Devices by their ``User-Agent``, as ua-parser knows them."""

from ledgerbank_adapters.user_agents.ua_device_reader import UaDeviceReader

__all__ = ["UaDeviceReader"]
