"""Recordings for calibrating and measuring `crates/voice`: 16 kHz WAV files, their speakers and what they say.

    python training/voice_sets.py DATA OUT

DATA holds `speech/librispeech/<speaker>/*.flac`, `speech/fsdd/<digit>_<speaker>_<take>.wav` and `video/grid/<speaker>/
<sentence>.mp4`. OUT gets the WAV files, `embed.tsv` and `phrase.tsv`: the lists that the example `score_voices` reads.
Needs ffmpeg. All choices are drawn from one seed.
"""
import random
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

DIGITS = "zero one two three four five six seven eight nine".split()
GRID = [dict(b="bin", l="lay", p="place", s="set"), dict(b="blue", g="green", r="red", w="white"),
        {"a": "at", "b": "by", "i": "in", "w": "with"}, {c: c for c in "abcdefghijklmnopqrstuvxyz"},
        dict(zip("z123456789", DIGITS)), dict(a="again", n="now", p="please", s="soon")]
GRID_WORDS = " ".join(word for part in GRID for word in part.values())


def decode(file, rate=16000, through=None):
    """Mono 16-bit samples; `through` first narrows the sound to that rate."""
    narrow = ["-af", f"aresample={through},aresample={rate}"] if through else []
    command = ["ffmpeg", "-v", "error", "-i", str(file), "-vn", *narrow, "-ac", "1", "-ar", str(rate), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True).stdout, np.int16)


class Sets:
    def __init__(self, data, out):
        self.data, self.out, self.random = Path(data), Path(out), random.Random(3)
        self.embed, self.phrase = [], []
        self.out.mkdir(parents=True, exist_ok=True)

    def save(self, name, samples, rate=16000):
        file = self.out / f"{name}.wav"
        with wave.open(str(file), "wb") as wav:
            wav.setparams((1, 2, rate, 0, "NONE", ""))
            wav.writeframes(samples.astype(np.int16).tobytes())
        return file

    def voice(self, corpus, speaker, name, samples):
        file = self.save(f"{corpus}_{speaker}_{name}", samples)
        self.embed.append(f"embed\t{file}")
        return file

    def said(self, kind, file, truth, wrong, other, vocabulary):
        for case, text in (("genuine", truth), ("one-wrong", wrong), ("other", other)):
            if case == "genuine" or text != truth:
                self.phrase.append(f"phrase\t{file}\t{' '.join(text)}\t{vocabulary}\t{kind}-{case}")

    def librispeech(self):
        """Five speakers, the first five seconds of ten utterances each, as they are and through 8 kHz."""
        for folder in sorted((self.data / "speech/librispeech").iterdir()):
            for index, file in enumerate(sorted(folder.glob("*.flac"))):
                self.voice("libri", folder.name, index, decode(file)[:80000])
                self.voice("libri8", folder.name, index, decode(file, through=8000)[:80000])

    def grid(self):
        for speaker, count in (("s1", 40), ("s4", 40), ("s31", 10), ("s2", 2), ("s3", 1)):
            files = sorted((self.data / "video/grid" / speaker).glob("*.mp4"))
            self.random.shuffle(files)
            for file in files[:count]:
                samples = decode(file)
                if len(samples) > 40000:
                    self.sentence(speaker, file, samples, self.random.choice(files))

    def sentence(self, speaker, file, samples, other):
        name = file.stem[:6]
        wav = self.voice("grid", speaker, name, samples)
        self.voice("grid8", speaker, name, decode(file, through=8000))
        truth, wrong, random_one = ([part[c] for part, c in zip(GRID, stem)] for stem in (name, name, other.stem[:6]))
        place = self.random.choice([0, 1, 4, 5])
        wrong[place] = self.random.choice([w for w in GRID[place].values() if w != wrong[place]])
        self.said("grid", wav, truth, wrong, random_one, GRID_WORDS)
        self.said("grid-free", wav, truth, wrong, random_one, "")

    def digits(self):
        """8 kHz digits, spliced: per speaker 15 strings of all ten takes used once, and 40 phrases of six or eight."""
        for speaker in ("george", "jackson", "theo"):
            takes = [sorted((self.data / "speech/fsdd").glob(f"{d}_{speaker}_*.wav")) for d in range(10)]
            for files in takes:
                self.random.shuffle(files)
            for index in range(15):
                self.voice("fsdd", speaker, index, self.splice([files[index] for files in takes]))
            for index in range(40):
                said = [self.random.randrange(10) for _ in range(6 if index % 2 else 8)]
                wrong, place = list(said), self.random.randrange(len(said))
                wrong[place] = self.random.choice([d for d in range(10) if d != said[place]])
                other = [self.random.randrange(10) for _ in said]
                sound = self.splice([self.random.choice(takes[d]) for d in said])
                texts = ([DIGITS[d] for d in digits] for digits in (said, wrong, other))
                self.said("digits", self.save(f"digits_{speaker}_{index}", sound), *texts, "digits")

    def splice(self, files):
        parts = []
        for file in files:
            samples = decode(file, 8000).astype(float)
            loud = samples * 3000 / max(1, np.sqrt((samples ** 2).mean()))
            parts += [np.clip(loud, -32000, 32000), np.zeros(int(8000 * self.random.uniform(.1, .25)))]
        return decode(self.save("spliced", np.concatenate(parts), 8000))


def main():
    sets = Sets(*sys.argv[1:3])
    sets.librispeech()
    sets.grid()
    sets.digits()
    for name, lines in (("embed", sets.embed), ("phrase", sets.phrase)):
        (sets.out / f"{name}.tsv").write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(sets.embed)} voices, {len(sets.phrase)} phrases in {sets.out}")


if __name__ == "__main__":
    main()
