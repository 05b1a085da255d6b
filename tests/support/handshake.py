"""What a TLS server shows, by a handshake in memory."""

from __future__ import annotations

import ssl

from cryptography import x509

__all__ = ["shown"]


def shown(context: ssl.SSLContext, *, ciphers: str | None = None) -> x509.Certificate:
    """The certificate that a client gets to see; one with TLS 1.2 and these ciphers only, if they are given."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    if ciphers is not None:
        client_context.maximum_version = ssl.TLSVersion.TLSv1_2
        client_context.set_ciphers(ciphers)
    client_context.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    pending = [client, server]
    for _ in range(10):
        for end in list(pending):
            try:
                end.do_handshake()
                pending.remove(end)
            except ssl.SSLWantReadError:
                pass
    assert pending == []
    assert client.version() in ("TLSv1.2", "TLSv1.3")
    data = client.getpeercert(binary_form=True)
    assert data is not None
    return x509.load_der_x509_certificate(data)
