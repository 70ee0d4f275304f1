"""Secrets at rest by AES-256-GCM."""

from ledgerbank_adapters import requires_extra

with requires_extra("encryption"):
    from ledgerbank_adapters.encryption.aes_gcm_secret_box import AesGcmSecretBox

__all__ = ["AesGcmSecretBox"]
