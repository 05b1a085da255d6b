"""The bytes and numbers of RTP and RTCP (RFC 3550); no sockets but in ``datagram``."""
