"""Writes the manifest of the clips `fit.py` reads, and makes re-encoded and half-size copies of them.

    manifest.py <folder with wild/ and video/grid/> <folder to write>

<out>/manifest.jsonl has one {"path","kind","genuine","person","repository","copy"} a line. Needs ffmpeg.
"""
import csv
import json
import subprocess
import sys
from pathlib import Path

COPIES = {
    "re-encoded": ["-crf", "34"],
    "half size": ["-vf", "scale=trunc(iw/4)*2:trunc(ih/4)*2", "-crf", "24"],
}
GRID_CLIPS = 12


def copy(clip, out, how):
    out.parent.mkdir(parents=True, exist_ok=True)
    if not out.is_file():
        part = out.with_name("part-" + out.name)
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(clip), *COPIES[how], "-c:v", "libx264", "-preset", "veryfast",
                        "-threads", "1", "-pix_fmt", "yuv420p", "-an", str(part)], check=True)
        part.replace(out)
    return out


def main():
    data, out = map(Path, sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    items = []
    with open(data / "wild/labels.tsv") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            clip = (data / "wild" / row["file"]).resolve()
            genuine = row["label"] == "real"
            kind = "real" if genuine else row["species"]
            item = dict(genuine=genuine, person=row["person_guess"], repository=row["source_repo"])
            items.append(dict(path=str(clip), kind=kind, **item))
            for how in COPIES if row["label"] != "replay" else ():
                made = copy(clip, out / how.replace(" ", "-") / clip.name, how)
                items.append(dict(path=str(made.resolve()), kind=f"{kind}, {how}", copy=True, **item))
    for speaker in sorted(p for p in (data / "video/grid").iterdir() if p.is_dir()):
        files = sorted(speaker.glob("*.mp4"))
        for clip in files[::max(1, len(files) // GRID_CLIPS)][:GRID_CLIPS]:
            items.append(dict(path=str(clip.resolve()), kind="GRID", genuine=True, person=speaker.name, repository="GRID/" + speaker.name))
    (out / "manifest.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))


if __name__ == "__main__":
    main()
