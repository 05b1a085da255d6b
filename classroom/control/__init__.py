"""The teacher's websocket: JSON-RPC 2.0 commands in, state out."""
