#!/usr/bin/env python3
"""Measures a running server on the development data, over HTTP, exactly as a customer's video is judged.

Genuine talking faces are GRID clips (the file name is the sentence); attacks are made of them with ffmpeg: another
clip's sound, the sound shifted, a still with the sound, a still that is moved about, silence; another phrase; another
person's name. What could not be judged is counted, never dropped. Prints tables, writes them to --out as Markdown, and
ends with status 1 when a figure is beyond its alarm limit below. Needs ffmpeg; standard library only.
"""
import argparse
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))
from demo import Backend, bootstrap, start  # noqa: E402

DIGITS = "zero one two three four five six seven eight nine".split()
WORDS = [dict(b="bin", l="lay", p="place", s="set"), dict(b="blue", g="green", r="red", w="white"),
         {"a": "at", "b": "by", "i": "in", "w": "with"}, {c: c for c in "abcdefghijklmnopqrstuvxyz"},
         dict(zip("z123456789", DIGITS)), dict(a="again", n="now", p="please", s="soon")]
SPEAKER, LIVENESS, LIPS = "Active Speaker Detection", "Face Liveness Detection", "Visual Speech Recognition"
FACE, VOICE = "Face Recognition", "Voice Recognition"
# Wide enough for the noise of so few clips; what is shown is what was measured, this only notices that something broke.
ALARMS = {"liveness: live refused": 0.20, "liveness: still accepted": 0.03, "liveness: moved still accepted": 0.10,
          "speaker: genuine refused": 0.25, "speaker: still accepted": 0.05, "speaker: other clip's sound accepted": 0.10,
          "speaker: sound 0.4 s late accepted": 0.10, "phrase: genuine refused": 0.15, "phrase: other phrase accepted": 0.05,
          "face: genuine refused": 0.05, "face: impostor accepted": 0.02,
          "voice: genuine refused": 0.10, "voice: impostor accepted": 0.02}


def main():
    options = arguments()
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="biometry-accuracy-") as folder:
        server, address = start(options.biometry, folder)
        try:
            key = bootstrap(options.biometry, folder, "--replays", "off")
            backend = Backend(address, key)
            clips = choose(options.data / "video/grid", options.per_speaker)
            results = measure(backend, clips, Path(folder))
        finally:
            server.terminate()
            server.wait(timeout=60)
    text = report(results, clips)
    print(text)
    if options.out:
        options.out.write_text(text)
    broken = [name for name, limit in ALARMS.items() if share(name, results[name]) > limit]
    if broken:
        sys.exit(f"beyond the alarm limit: {', '.join(broken)}")
    print(f"{sum(map(len, results.values()))} decisions, every rate within its alarm limit")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biometry", type=Path, required=True, help="the binary")
    parser.add_argument("--data", type=Path, required=True, help="folder of the development data")
    parser.add_argument("--out", type=Path, help="Markdown file for the tables")
    parser.add_argument("--per-speaker", type=int, default=12, help="clips of each GRID speaker at most")
    return parser.parse_args()


# ---- the clips and the attacks


def choose(grid, most):
    """(speaker, file) pairs, drawn once."""
    chosen = []
    for speaker in sorted(p for p in grid.iterdir() if p.is_dir()):
        files = sorted(speaker.glob("*.mp4"))
        chosen += [(speaker.name, file) for file in random.sample(files, min(most, len(files)))]
    return chosen


def sentence(file):
    return " ".join(words[letter] for words, letter in zip(WORDS, file.stem))


def ffmpeg(out, *arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments), "-c:a", "aac", out], check=True)
    return out


def with_sound_of(other, clip, out):
    return ffmpeg(out, "-i", clip, "-i", other, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-shortest")


def shifted(clip, out, seconds=0.4):
    return ffmpeg(out, "-i", clip, "-af", f"adelay={int(seconds * 1000)}:all=1", "-c:v", "copy", "-shortest")


def still(clip, out):
    """The first frame for the clip's length, with its sound."""
    return ffmpeg(out, "-i", clip, "-vf", "loop=loop=-1:size=1,trim=duration=3,setpts=N/25/TB", "-r", "25", "-shortest")


def moved_still(clip, out):
    """The same picture panned and zoomed as a hand would move a print."""
    zoom = "zoompan=z='1.1+0.05*sin(on/9)':x='iw/20+8*sin(on/7)':y='ih/20+6*cos(on/11)':d=1:s=360x288:fps=25"
    return ffmpeg(out, "-i", clip, "-vf", f"loop=loop=-1:size=1,trim=duration=3,setpts=N/25/TB,{zoom}", "-r", "25", "-shortest")


def silent(clip, out):
    return ffmpeg(out, "-i", clip, "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-map", "0:v", "-map", "1:a",
                  "-c:v", "copy", "-shortest")


# ---- the measurements


def measure(backend, clips, folder):
    """Decisions by name: True accepted, False refused, None not judged."""
    results = defaultdict(list)
    enrolled = enroll(backend, clips, results)
    for number, (speaker, clip) in enumerate(clips):
        print(f"\r{number + 1} of {len(clips)} clips", end="", file=sys.stderr, flush=True)
        others = [c for s, c in clips if s != speaker]
        own = backend.process_video(f"{speaker}-{number}", clip, phrase=sentence(clip))[2]["data"]
        note(results, "liveness: live refused", refused(own[LIVENESS]))
        note(results, "speaker: genuine refused", refused(own[SPEAKER]))
        note(results, "phrase: genuine refused", refused(own[LIPS].get("spoken_phrase", {})))
        note(results, "lips: genuine refused", refused(own[LIPS]))
        attack(backend, results, clip, others, folder / "attack.mp4")
        names(backend, results, enrolled, speaker, clip)
    print(file=sys.stderr)
    return results


def attack(backend, results, clip, others, file):
    other = random.choice(others)
    made = [("other clip's sound", with_sound_of(other, clip, file), (SPEAKER,))]
    for name, make, services in [("sound 0.4 s late", shifted, (SPEAKER,)), ("still", still, (SPEAKER, LIVENESS)),
                                 ("moved still", moved_still, (SPEAKER, LIVENESS)), ("silence", silent, (SPEAKER,))]:
        made.append((name, lambda make=make: make(clip, file), services))
    for name, make, services in made:
        video = make() if callable(make) else make
        seen = backend.process_video("attacker", video, phrase=sentence(clip))[2]["data"]
        for service in services:
            label = "speaker" if service == SPEAKER else "liveness"
            note(results, f"{label}: {name} accepted", accepted(seen[service]))
    seen = backend.process_video("attacker", clip, phrase=sentence(other))[2]["data"][LIPS]
    note(results, "phrase: other phrase accepted", accepted(seen.get("spoken_phrase", {})))
    note(results, "lips: other phrase accepted", accepted(seen))


def enroll(backend, clips, results):
    """Speakers with a template, made as in production: by a video that passes."""
    enrolled = {}
    for speaker, clip in clips:
        if speaker in enrolled:
            continue
        user = f"{speaker}@example.org"
        backend.consents(user)
        headers = backend.process_video(user, clip, phrase=sentence(clip))[1]
        if headers.get("x-auto-enroll") == "true":
            enrolled[speaker] = clip
    results["enrolled speakers"] = [True] * len(enrolled)
    return enrolled


def names(backend, results, enrolled, speaker, clip):
    """The clip under its own speaker's name and under another's, against their templates."""
    others = [s for s in enrolled if s != speaker]
    if speaker in enrolled and enrolled[speaker] != clip:
        seen = backend.process_video(f"{speaker}@example.org", clip, phrase=sentence(clip))[2]["data"]
        note(results, "face: genuine refused", refused(matched(seen[FACE])))
        note(results, "voice: genuine refused", refused(matched(seen[VOICE])))
    if others:
        seen = backend.process_video(f"{random.choice(others)}@example.org", clip, phrase=sentence(clip))[2]["data"]
        note(results, "face: impostor accepted", accepted(matched(seen[FACE])))
        note(results, "voice: impostor accepted", accepted(matched(seen[VOICE])))


def matched(answer):
    """A comparison as a service with a result."""
    return {**answer, "result": answer.get("matched", answer.get("status") == "identified")}


def decision(answer):
    """What the service itself says: True, False, or None when it could not judge."""
    if answer.get("code", 200) != 200 or "error" in answer:
        return None
    for field in ("said", "result"):
        if isinstance(answer.get(field), bool):
            return answer[field]
    return answer.get("score", answer.get("result", 0)) >= 0.5


def accepted(answer):
    found = decision(answer)
    return None if found is None else found


def refused(answer):
    found = decision(answer)
    return None if found is None else not found


def note(results, name, happened):
    results[name].append(happened)


# ---- the report


def errors(name, outcomes):
    """What happened as errors. A genuine sample that was not judged is lost to its user; an attack that was not judged got
    nowhere."""
    return [name.endswith("refused") if outcome is None else outcome for outcome in outcomes]


def share(name, outcomes):
    """Share of errors. Nothing measured is no success."""
    return sum(errors(name, outcomes)) / len(outcomes) if outcomes else 1.0


def interval(name, outcomes):
    """95 % Wilson score interval of the share."""
    n, p, z = len(outcomes), share(name, outcomes), 1.96
    if n == 0:
        return 0.0, 1.0
    middle, half = p + z * z / (2 * n), z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def report(results, clips):
    speakers = defaultdict(int)
    for speaker, _ in clips:
        speakers[speaker] += 1
    lines = [f"{len(clips)} GRID clips ({', '.join(f'{s}: {n}' for s, n in speakers.items())}); "
             f"{len(results.pop('enrolled speakers'))} speakers could be enrolled by a passing video.", "",
             "| error | rate | 95 % interval | judged | not judged |", "|---|---|---|---|---|"]
    for name, outcomes in sorted(results.items()):
        low, high = interval(name, outcomes)
        unjudged = sum(o is None for o in outcomes)
        lines.append(f"| {name} | {share(name, outcomes):.3f} | {low:.3f}-{high:.3f} | {len(outcomes) - unjudged} | {unjudged} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
