"""What the modules of the teacher page make of an error and of names, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from classroom.common.errors import CommandError
from classroom.common.paths import web_folder
from classroom.common.sentences import reason_of
from classroom.control.json_rpc import INVALID_PARAMS
from classroom.control.registry import commands_of
from classroom.director import RunOfShow
from classroom.features.sound import SoundFeature

NODE = shutil.which("node")

SAY = """
import { readFileSync } from 'node:fs';
import { ControlError } from './lib/control.js';
import { Translator } from './lib/i18n.js';
import { sentenceOf } from './teacher/errors.js';
import { inOrder } from './teacher/model.js';
import { Reasons } from './teacher/reasons.js';

const texts = (name) => JSON.parse(readFileSync(`locales/${name}.json`, 'utf8'));
const { errors, order, entries } = JSON.parse(readFileSync(0, 'utf8'));
const translator = new Translator({ en: texts('en'), zh: texts('zh') });
const reasons = new Reasons(texts('reasons.zh'));
const said = {};
for (const language of ['en', 'zh']) {
  translator.language = language;
  said[language] = errors.map(({ code, message, data }) =>
    sentenceOf(new ControlError(code, message, data), translator.t, (each) => reasons.say(language, each)),
  );
}
const names = inOrder({ lesson: { order: { scenes: order } } }, 'scenes', entries).map(([name]) => name);
console.log(JSON.stringify({ said, names }));
"""


def as_reply(fault: CommandError) -> dict[str, object]:
    return {"code": fault.code, "message": fault.message, "data": {**fault.data, "reason": reason_of(fault.message)}}


def refused_parameter() -> CommandError:
    with pytest.raises(CommandError) as caught:
        commands_of([SoundFeature])["audio.set"].call(None, {"input": "voice", "gain": 99})
    return caught.value


def last_cue() -> CommandError:
    with pytest.raises(CommandError) as caught:
        RunOfShow([]).advance(0.0)
    return caught.value


def in_node(script: str, told: object) -> Any:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", script],
        cwd=Path(web_folder()), input=json.dumps(told), capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
def test_a_refused_command_is_said_in_the_language_of_the_page_and_names_keep_their_order() -> None:
    refused = [CommandError.unknown("scene", "lab", ["talk", "desk"]), last_cue(), refused_parameter()]
    names = ["intro", "3", "1", "outro", "10"]
    assert refused[2].code == INVALID_PARAMS
    told = in_node(
        SAY, {"errors": list(map(as_reply, refused)), "order": names, "entries": dict.fromkeys(sorted(names), 0)}
    )
    assert told["names"] == names
    assert told["said"] == {
        "en": [
            "That did not work: There is no scene 'lab'. Available: desk, talk.",
            "Not possible now: This was the last cue.",
            "That did not work: 'gain': input should be less than or equal to 20.",
        ],
        "zh": [
            "操作未成功：没有名为“lab”的场景。可用的有：desk、talk。",
            "暂时无法操作：所有环节都已完成，没有下一个了。",
            "操作未成功：参数有误：gain 应不大于 20。",
        ],
    }
