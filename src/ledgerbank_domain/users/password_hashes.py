"""How hashes of passwords are written down: parameters, salt and digest, with ``$`` between them.

This is the PHC string format, https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
"""

_SALT_AND_DIGEST = 2


def parameters_of(password_hash: str) -> str:
    """What comes before salt and digest: hashes that have it in common take the same work."""
    return password_hash.rsplit("$", _SALT_AND_DIGEST)[0]
