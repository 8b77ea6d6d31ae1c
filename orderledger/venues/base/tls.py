"""The trusted certificates of this machine, read once for all clients of a process."""

import ssl
from functools import lru_cache


@lru_cache(maxsize=2)
def trusted_certificates(*, trust_env: bool = True) -> ssl.SSLContext:
    """The certificates to trust. Reading them takes 30 ms. `trust_env`: also those in
    SSL_CERT_FILE and SSL_CERT_DIR.
    """
    import httpx

    return httpx.create_ssl_context(trust_env=trust_env)
