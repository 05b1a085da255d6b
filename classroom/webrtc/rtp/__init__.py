"""The bytes and numbers of RTP and RTCP (RFC 3550); only ``datagram`` uses sockets."""
