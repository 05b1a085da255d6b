"""STUN and TURN servers, candidates and the addresses that a connection uses."""
