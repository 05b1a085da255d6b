"""The WebRTC ends: a student's browser on the other side of one connection."""
