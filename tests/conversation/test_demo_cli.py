"""`sopwith demo --script`, as a person calls it."""

import subprocess
import sys
from pathlib import Path


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = (str(Path(sys.executable).with_name("sopwith")), "demo", *arguments)
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def test_a_script_is_printed_as_a_conversation_and_ends_with_its_result(tmp_path: Path) -> None:
    script = tmp_path / "story.sop"
    script.write_text("@guest #ops: /incident declare P1 payments return 500\n@oncall1 in INC-1: ack\n")
    played = demo("--script", str(script), "--home", str(tmp_path / "home"))
    assert played.returncode == 0, played.stderr
    assert "10:02 #ops       guest: /incident declare P1 payments return 500" in played.stdout
    assert "oncall1 has it and is the commander" in played.stdout
    assert "Traceback" not in played.stdout + played.stderr
    assert (tmp_path / "home" / "sopwith.db").exists()

    script.write_text('@guest #ops: /incident declare P1 smoke\n%expect "smoke"\n%expect "fire"\n%crash\n')
    failed = demo("--script", str(script), "--home", str(tmp_path / "other"))
    assert failed.returncode == 1
    assert "story.sop:3" in failed.stdout + failed.stderr
    assert "nobody said 'fire'" in failed.stdout + failed.stderr
    assert "the bot dies" not in failed.stdout  # it stops at the first failure

    missing = demo("--script", str(tmp_path / "nowhere.sop"))
    assert missing.returncode == 2
    assert "nowhere.sop" in missing.stderr
    assert "Traceback" not in missing.stderr
