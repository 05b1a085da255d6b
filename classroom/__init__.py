"""A self-hosted broadcaster for live lessons.

General layout, from the teacher's hand to the student's eye:

- ``cli`` turns commands into calls and errors into sentences and exit codes.
- ``broadcaster`` is the only place that builds and joins parts: a Lesson in, a running broadcast out.
- ``lesson`` is what was planned (the YAML file); ``director`` is what is on air, as plain values.
- ``media`` is pixels and samples in flow order: sources, mixers, encoders, fan-out.
- ``peers`` are the WebRTC ends; ``signaling`` is how they find each other (Chromium's peerconnection_server protocol).
- ``control`` is the teacher's websocket; ``server`` is the one port that serves all of it.
- ``bench`` measures; ``errors`` and ``clock`` are used by everyone and use nobody.

Who may import whom is checked by import-linter (see pyproject.toml).
"""

__version__ = "0.1.0"
