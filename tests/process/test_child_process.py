"""A process of ours has this one's path, with the working directory last."""

import json
import subprocess
import sys

from torchbridge.process.child_process import child_command


def test_a_child_has_the_path_and_the_arguments(tmp_path, monkeypatch):
    here, own, folder = (tmp_path / name for name in ("here", "é", "folder"))
    for place in (here, own, folder):
        place.mkdir()
    (here / "json.py").write_text("raise SystemExit('from the working directory')")
    (here / "sitecustomize.py").write_text("raise SystemExit('before our code')")
    (own / "job.py").write_text(
        "import json, sys\ndef main(*given): print(json.dumps([given, sys.path]))\n"
    )
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", ["", str(here), str(own), *sys.path])
    command = child_command("job", folder, "7")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    given, path = json.loads(done.stdout)
    assert given == [str(folder), "7"]
    assert path[-2:] == [str(here), str(here)]
    assert path[0] == str(own)
    assert sys.path[0] == ""
