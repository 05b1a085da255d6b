"""What was planned: the lesson file, read and checked, as one value.

``load_lesson`` and ``check_lesson`` are the way in; nothing here starts or opens anything but the lesson file.
"""

from classroom.lesson.built_in import built_in_lesson
from classroom.lesson.document import Problem
from classroom.lesson.load import Report, check_lesson, lesson_from_text, load_lesson
from classroom.lesson.model import Lesson
from classroom.lesson.schema import lesson_schema, schema_text

__all__ = [
    "Lesson",
    "Problem",
    "Report",
    "built_in_lesson",
    "check_lesson",
    "lesson_from_text",
    "lesson_schema",
    "load_lesson",
    "schema_text",
]
