"""The manifests of `biometry evaluate`, one function a kind, made of the development data.

Everything drawn is drawn with a seed: the same data give the same items.
"""
import csv
import itertools
import json
import random
import subprocess
import wave
from pathlib import Path

import numpy as np

import media

DIGITS = "zero one two three four five six seven eight nine".split()
WORDS = [dict(b="bin", l="lay", p="place", s="set"), dict(b="blue", g="green", r="red", w="white"),
         {"a": "at", "b": "by", "i": "in", "w": "with"}, {c: c for c in "abcdefghijklmnopqrstuvxyz"},
         dict(zip("z123456789", DIGITS)), dict(a="again", n="now", p="please", s="soon")]
DEGRADED = ["32 px", "20 px", "grey", "blurred", "JPEG 30"]
# Clips drawn of a GRID speaker.
DRAWN = 16
VOICES = ["en-us", "en-gb", "en-us+f3", "en-gb+m4"]


def sentence(clip):
    return " ".join(words[letter] for words, letter in zip(WORDS, clip.stem))


def other_digit(words, rng):
    """One digit of the phrase made another one."""
    words = list(words)
    at = rng.choice([i for i, word in enumerate(words) if word in DIGITS])
    words[at] = rng.choice([d for d in DIGITS if d != words[at]])
    return " ".join(words)


class Data:
    """The development data, where made media go, and how many clips of a speaker are taken."""

    def __init__(self, root, work, models, fixtures, clips):
        self.root, self.media, self.fixtures, self.most = root, work / "media", fixtures, clips
        self.faces = media.Faces(models)

    def clips(self, most=None):
        """(speaker, clip) pairs of GRID."""
        rng, chosen = random.Random(1), []
        for speaker in sorted(p for p in (self.root / "video/grid").iterdir() if p.is_dir()):
            files = sorted(speaker.glob("*.mp4"))
            # Always as many draws, so that a shorter run takes some of a longer one's clips.
            taken = sorted(rng.sample(files, min(DRAWN, len(files))))
            chosen += [(speaker.name, file) for file in taken[:min(self.most, most or DRAWN)]]
        return chosen

    def at(self, *parts):
        path = self.media.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def item(number, probe, label, **fields):
    return {"id": str(number), "probe": str(Path(probe).resolve()), "label": label,
            **{k: str(Path(v).resolve()) if k == "reference" else v for k, v in fields.items() if v is not None}}


def numbered(rows):
    return [item(number, *row[:2], **row[2]) for number, row in enumerate(rows)]


# ---- recognition


def face(data):
    """All pairs: clean against clean once, each degraded picture against every clean one."""
    people = [(p.parent.name, p) for p in sorted(data.root.glob("faces/*/*")) if p.suffix in (".jpg", ".jpeg", ".png")]
    people += [(speaker, frame(data, speaker, clip)) for speaker, clip in data.clips(6)]
    rows = [pair(a, b, "clean") for a, b in itertools.combinations(people, 2)]
    for how in DEGRADED:
        for person, picture in people:
            out = data.at("faces", how.replace(" ", "-"), f"{person}-{picture.stem}.jpg")
            worse = media.degraded(data.faces, picture, how, out)
            if worse:
                rows += [pair((person, worse), other, how) for other in people if other[1] != picture]
    return numbered(rows + strangers(data) + groups(data))


# Impostor pairs drawn of the people of LFW, and of each group of UTKFace.
LFW_IMPOSTORS, GROUP_PAIRS = 100_000, 1_500
SEXES, RACES = ("men", "women"), ("White", "Black", "Asian", "Indian", "other")


def strangers(data):
    """LFW's people whom no threshold has seen: every genuine pair, and impostor pairs drawn with a seed."""
    people = sorted(p.name for p in data.root.glob("lfw/*") if p.is_dir())
    order = np.random.default_rng(12).permutation(len(people))
    held_out = {people[i] for i in order[len(people) // 2:]}
    photos = [(p.parent.name, p) for p in sorted(data.root.glob("lfw/*/*.jpg")) if p.parent.name in held_out]
    pairs = list(itertools.combinations(photos, 2))
    same = [p for p in pairs if p[0][0] == p[1][0]]
    others = [p for p in pairs if p[0][0] != p[1][0]]
    drawn = random.Random(5).sample(others, min(LFW_IMPOSTORS, len(others)))
    return [pair(a, b, "LFW, held out") for a, b in same + drawn]


def groups(data):
    """UTKFace: impostor pairs within each group of adults of one sex and one of its five labels of race."""
    cells = {}
    for photo in sorted(data.root.glob("utkface/*")):
        age, sex, race = photo.name.split("_")[:3]
        if 18 <= int(age) <= 59:
            cells.setdefault(f"UTKFace, {RACES[int(race)]} {SEXES[int(sex)]}, 18-59", []).append((photo.name, photo))
    rows = []
    for name, photos in sorted(cells.items()):
        pairs = list(itertools.combinations(photos, 2))
        drawn = random.Random(6).sample(pairs, min(GROUP_PAIRS, len(pairs)))
        rows += [pair(a, b, name) for a, b in drawn]
    return rows


def frame(data, speaker, clip):
    return media.ffmpeg(data.at("faces", "grid", f"{speaker}-{clip.stem}.png"), "-i", clip, "-ss", "1", "-frames:v", "1")


def pair(probe, reference, group):
    label = "genuine" if probe[0] == reference[0] else "impostor"
    return probe[1], label, {"reference": reference[1], "subject": probe[0], "group": group}


def voice(data):
    """All pairs: wide band, 8 kHz, and one of each."""
    wide = [(f.parent.name, f) for f in sorted(data.root.glob("speech/librispeech/*/*.flac"))]
    wide += [(speaker, media.sound_of(clip, data.at("voices", "wide", f"{speaker}-{clip.stem}.wav")))
             for speaker, clip in data.clips(10)]
    narrow = [(who, media.narrow(f, data.at("voices", "narrow", f"{who}-{f.stem}.wav"))) for who, f in wide]
    spliced = [(who, file) for who, file, _ in fsdd_strings(data, 8)]
    rows = [pair(a, b, "wide band") for a, b in itertools.combinations(wide, 2)]
    rows += [pair(a, b, "8 kHz") for a, b in itertools.combinations(narrow + spliced, 2)]
    rows += [pair(narrow[i], wide[j], "8 kHz against wide band")
             for i, j in itertools.product(range(len(wide)), repeat=2) if i != j]
    return numbered(rows)


def fingerprint(data):
    prints = [(f.stem.split("_")[0], f) for f in sorted(data.root.glob("fingerprint/*.png"))]
    rows = [pair(a, b, "prints") for a, b in itertools.combinations(prints, 2)]
    # Not prints: must be rejected, and are counted.
    others = [data.fixtures / "apple.jpg", data.fixtures / "obama.jpg", data.root / "docs/td3.jpg"]
    rows += [(other, "impostor", {"reference": prints[0][1], "attack": "no print", "group": "no prints"}) for other in others]
    return numbered(rows)


# ---- words


def fsdd_strings(data, each):
    """(speaker, file, words): spliced digits at 8 kHz, a tenth of a second apart."""
    rng, strings = random.Random(2), []
    for speaker in ("george", "jackson", "theo"):
        for number in range(each):
            digits = [rng.randrange(10) for _ in range(rng.choice((6, 8)))]
            out = data.at("voices", "digits", f"{speaker}-{number}.wav")
            parts = [read_wav(data.root / f"speech/fsdd/{d}_{speaker}_{rng.randrange(5)}.wav") for d in digits]
            media.write_wav(out, joined(parts, 8000, 0.1), 8000)
            strings.append((speaker, out, [DIGITS[d] for d in digits]))
    return strings


def read_wav(file):
    with wave.open(str(file)) as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), np.int16).astype(np.float32) / 32768


def joined(parts, rate, pause):
    gap = np.zeros(int(rate * pause), np.float32)
    return np.concatenate([x for part in parts for x in (gap, part)] + [gap])


def grid_strings(data, count):
    """(speaker, file, words): digits cut out of GRID sentences at their word times, wide band."""
    rng, times = random.Random(3), {}
    for speaker in ("s1", "s31"):
        with open(data.root / f"video/grid/{speaker}-words.tsv") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row["word"] in DIGITS:
                    times.setdefault((speaker, row["word"]), []).append(row)
    strings = []
    for number in range(count):
        words = [rng.choice(DIGITS) for _ in range(6)]
        parts = []
        for word in words:
            row = rng.choice(times["s1", word])
            clip = data.root / f"video/grid/s1/{row['clip']}.mp4"
            sound = media.samples(media.sound_of(clip, data.at("voices", "wide", f"s1-{clip.stem}.wav")))
            # A little around each word, for GRID's times are tight.
            parts.append(sound[max(0, int(row["start_ms"]) - 30) * 16: (int(row["end_ms"]) + 40) * 16])
        out = data.at("voices", "grid-digits", f"{number}.wav")
        strings.append(("s1", media.write_wav(out, joined(parts, media.RATE, 0.12), media.RATE), words))
    return strings


def machine_strings(data, count):
    rng, strings = random.Random(4), []
    for number in range(count):
        words, voice_name = [rng.choice(DIGITS) for _ in range(rng.choice((6, 8)))], VOICES[number % len(VOICES)]
        out = media.said_by_machine(", ".join(words), voice_name, data.at("voices", "machine", f"{number}.wav"))
        strings += [(voice_name, out, words)] if out else []
    return strings


CONTENT_PLACES = (0, 1, 4, 5)
CODECS = ["AAC 96k", "Opus 24k", "16 kHz"]
# Said by nobody in the recordings of unrelated speech.
OTHER_PHRASES = ["my voice is my password", "please open the account today", "seven green apples fell from the tree",
                 "lay green at f two please", "four seven one nine", "eight zero three five two six"]


def other_word(words, rng):
    """One digit or content word of a GRID sentence made another one of its place."""
    words, place = list(words), rng.choice(CONTENT_PLACES)
    words[place] = rng.choice([w for w in WORDS[place].values() if w != words[place]])
    return " ".join(words)


def unrelated_pieces(data, count):
    """(speaker, file): pieces of two to four seconds of read speech."""
    rng, pieces = random.Random(9), []
    files = sorted(data.root.glob("speech/librispeech/*/*.flac"))
    for number in range(count):
        file = files[number % len(files)]
        start, seconds = rng.uniform(0, 2), rng.choice((2, 3, 4))
        out = data.at("voices", "pieces", f"{file.stem}-{number}.wav")
        pieces.append((file.parent.name, media.ffmpeg(out, "-ss", f"{start:.2f}", "-t", seconds, "-i", file)))
    return pieces


def phrase(data):
    """The phrase that was said, the same with one digit or word wrong, and another one; the same recording by several
    codecs; speech that has nothing to do with the phrase. What the limits were chosen on (s1) is a group of its own."""
    seen, unseen = "GRID sentences, s1", "GRID sentences, held out"
    sets = [("digits of GRID, wide band", grid_strings(data, 40)), ("digits of a machine, wide band", machine_strings(data, 40)),
            ("spliced digits, 8 kHz", fsdd_strings(data, 16)),
            *((group, [(s, c, sentence(c).split()) for s, c in data.clips() if (s == "s1") == (group == seen)]) for group in (seen, unseen))]
    rng, rows = random.Random(5), []
    for group, strings in sets:
        for subject, probe, words in strings:
            fields = {"subject": subject, "group": group, "said": " ".join(words)}
            others = [w for _, _, w in strings if w != words]
            rows += [(probe, "genuine", {**fields, "phrase": " ".join(words)}),
                     (probe, "impostor", {**fields, "attack": "one digit wrong", "phrase": other_digit(words, rng)}),
                     (probe, "impostor", {**fields, "attack": "another phrase", "phrase": " ".join(rng.choice(others))})]
    for subject, clip in data.clips():
        words = sentence(clip).split()
        group = seen if subject == "s1" else unseen
        rows.append((clip, "impostor", {"subject": subject, "group": group, "said": " ".join(words), "attack": "one word wrong",
                                        "phrase": other_word(words, rng)}))
        for codec in CODECS:
            file = media.recoded(clip, codec, data.at("voices", codec.replace(" ", "-"), f"{subject}-{clip.stem}"))
            rows.append((file, "genuine", {"subject": subject, "group": f"codec: {codec}", "said": " ".join(words), "phrase": " ".join(words)}))
    for subject, piece in unrelated_pieces(data, 200):
        rows.append((piece, "impostor", {"subject": subject, "group": "unrelated speech", "attack": "unrelated speech",
                                         "phrase": rng.choice(OTHER_PHRASES)}))
    return numbered(rows)


def visual_speech(data):
    rng, rows, clips = random.Random(6), [], data.clips()
    for subject, clip in clips:
        words = sentence(clip).split()
        other = sentence(rng.choice([c for _, c in clips if sentence(c).split()[4] != words[4]]))
        fields = {"subject": subject, "said": " ".join(words)}
        rows += [(clip, "genuine", {**fields, "phrase": " ".join(words)}),
                 (clip, "impostor", {**fields, "attack": "one digit wrong", "phrase": other_digit(words, rng)}),
                 (clip, "impostor", {**fields, "attack": "another phrase", "phrase": other})]
    return numbered(rows)


# ---- attacks


def active_speaker(data):
    rng, rows, clips = random.Random(7), [], data.clips()
    for speaker, clip in clips:
        rows.append((clip, "genuine", {"subject": speaker, "group": speaker}))
        for attack, file in sounds(data, rng, clips, speaker, clip):
            if file:
                rows.append((file, "attack", {"subject": speaker, "group": speaker, "attack": attack}))
    return numbered(rows)


def sounds(data, rng, clips, speaker, clip):
    at = lambda name: data.at("speaker", f"{speaker}-{clip.stem}-{name}.mp4")
    other = rng.choice([c for s, c in clips if s != speaker])
    own = [c for s, c in clips if s == speaker and c.stem[4] != clip.stem[4]]
    yield "still", media.still(clip, at("still"))
    yield "moved still", media.moved_still(clip, at("moved"))
    yield "another's sound", media.with_sound(clip, other, at("other"))
    for seconds in (0.2, 0.4, 0.8):
        yield f"sound {seconds} s late", media.shifted(clip, seconds, at(f"late-{seconds}"))
    yield "silence", media.with_made_sound(clip, "anullsrc=r=16000:cl=mono", at("silence"))
    yield "noise", media.with_made_sound(clip, "anoisesrc=r=16000:a=0.1:c=white:s=1", at("noise"))
    yield "sound reversed", media.with_sound(clip, clip, at("reversed"), "areverse")
    if own:
        dub = rng.choice(own)
        yield "own voice, another clip", media.with_sound(clip, dub, at("own"))
        yield "own voice, dub cut to the speech", media.aligned(clip, dub, at("dub"))
    spoken = media.said_by_machine(sentence(clip), rng.choice(VOICES), data.at("speaker", f"{speaker}-{clip.stem}.wav"))
    yield "machine's voice, the words, cut to the speech", spoken and media.aligned(clip, spoken, at("machine"))


def liveness(data):
    rng, rows, clips = random.Random(8), [], data.clips()
    for speaker, clip in clips:
        at = lambda name: data.at("liveness", f"{speaker}-{clip.stem}-{name}.mp4")
        other = rng.choice([c for s, c in clips if s != speaker])
        rows.append((clip, "live", {"subject": speaker, "group": "GRID"}))
        for attack, file in (("still", media.still(clip, at("still"))), ("moved still", media.moved_still(clip, at("moved"))),
                             ("tilted still", media.tilted_still(clip, at("tilted"))),
                             ("replay on a screen", media.replayed(clip, at("replay"))),
                             ("cut-out mouth", media.cut_out_mouth(data.faces, clip, at("mouth"))),
                             ("looped clip", media.looped(clip, at("looped"))),
                             ("face swapped midway", media.swapped(clip, other, at("swapped")))):
            if file:
                rows.append((file, "attack", {"subject": speaker, "group": "GRID", "attack": attack}))
    for name, label in (("les_real.mp4", "live"), ("les_fake.mp4", "attack")):
        rows.append((data.root / "spoof" / name, label, {"attack": "replay, recorded" if label == "attack" else None,
                                                         "group": "recorded"}))
    for picture in sorted((data.root / "spoof/fake").glob("*.jpg")):
        file = media.photograph(picture, data.at("liveness", f"print-{picture.stem}.mp4"))
        rows.append((file, "attack", {"attack": "photograph of a print or screen", "group": "recorded"}))
    for clip, row in wild(data):
        fields = {"subject": row["person_guess"], "group": "wild"}
        if row["label"] == "real":
            rows.append((clip, "live", fields))
        if row["label"] == "replay":
            rows.append((clip, "attack", {**fields, "attack": "replay, wild"}))
    return numbered(rows)


def wild(data):
    """(clip, row of labels.tsv) of people outside studios, fakes and replays."""
    with open(data.root / "wild/labels.tsv") as file:
        return [(data.root / "wild" / row["file"], row) for row in csv.DictReader(file, delimiter="\t")]


def media_authenticity(data):
    """People outside studios and GRID's speakers against lip-synced, swapped and generated faces."""
    rows = [(clip, "genuine", {"subject": speaker, "group": "GRID"}) for speaker, clip in data.clips()]
    for clip, row in wild(data):
        fields = {"subject": row["person_guess"], "group": "wild"}
        if row["label"] == "real":
            rows.append((clip, "genuine", fields))
        if row["label"] == "fake":
            rows.append((clip, "attack", {**fields, "attack": row["species"].replace("_", " ")}))
    return numbered(rows)


def document(data, generator, count=48):
    """Generated documents, genuine and forged, and the published specimens: most are marked as such or past their date."""
    rows = []
    if generator:
        for attack, first in ((None, 700_001), ("zone_digits", 710_001), ("expired", 720_001), ("printed_number", 730_001),
                              ("printed_birth", 740_001), ("portrait_spliced", 750_001), ("screen", 760_001)):
            folder, wanted = data.at("documents", attack or "genuine", "x").parent, count if attack is None else count // 6
            if len(list(folder.glob("*.jpg"))) < wanted:
                subprocess.run([generator, folder, str(wanted), str(first), *([attack] if attack else [])], check=True)
            for picture in sorted(folder.glob("*.jpg"))[:wanted]:
                rows.append((picture, "impostor" if attack else "genuine", {"attack": attack, "group": "generated"}))
    for picture in sorted(p for p in (data.root / "docs").iterdir() if p.suffix in (".jpg", ".png")):
        rows.append((picture, "impostor", {"attack": "published specimen", "group": "published specimens"}))
    return numbered(rows)


def write(items, file):
    file.write_text("".join(json.dumps(item) + "\n" for item in items))
