"""Makes test media of development data with ffmpeg: degraded pictures, attacks on video, strings of digits.

Every file is made once: its name says how, and what is there already is not made again.
"""
import json
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

FPS, SECONDS, RATE = 25, 3, 16_000
H264 = "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p".split()
AAC = "-c:a aac -b:a 96k".split()
# The first frame for as long as the clip.
FREEZE = f"loop=loop=-1:size=1,trim=duration={SECONDS},setpts=N/{FPS}/TB"


def ffmpeg(out, *arguments):
    """Runs ffmpeg unless `out` is there already. Whole or not at all."""
    out = Path(out)
    if out.is_file():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name("part-" + out.name)
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments), part], check=True)
    part.replace(out)
    return out


# ---- pictures


class Faces:
    """Finds faces with the pack's detector, so that a picture can be degraded by the size of its face."""

    def __init__(self, models):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(models / "yunet.onnx"), options)
        self.known = {}

    def largest(self, picture):
        """(x, y, width, height) and five points, in pixels of the picture; None without a face."""
        if picture not in self.known:
            self.known[picture] = self.find(picture)
        return self.known[picture]

    def find(self, picture, side=640, score=0.6):
        pixels = first_frame(picture)
        height, width, _ = pixels.shape
        scale = max(width, height) / side
        rows = np.minimum((np.arange(side) * scale).astype(int), height - 1)
        columns = np.minimum((np.arange(side) * scale).astype(int), width - 1)
        shown = pixels[rows][:, columns, ::-1].astype(np.float32)
        shown[int(height / scale):], shown[:, int(width / scale):] = 0, 0
        names = [o.name for o in self.session.get_outputs()]
        out = dict(zip(names, self.session.run(None, {"input": shown.transpose(2, 0, 1)[None].copy()})))
        best = None
        for stride in (8, 16, 32):
            cells = side // stride
            sure = np.sqrt(np.clip(out[f"cls_{stride}"].ravel(), 0, 1) * np.clip(out[f"obj_{stride}"].ravel(), 0, 1))
            boxes, points = out[f"bbox_{stride}"].reshape(-1, 4), out[f"kps_{stride}"].reshape(-1, 10)
            for i in np.flatnonzero(sure >= score):
                grid = np.array([i % cells, i // cells])
                centre, size = (grid + boxes[i, :2]) * stride, np.exp(boxes[i, 2:]) * stride
                if best is None or size[0] > best[1][0]:
                    best = centre, size, (points[i].reshape(5, 2) + grid) * stride
        if best is None:
            return None
        centre, size, points = (v * scale for v in best)
        return [*(centre - size / 2), *size], points


def first_frame(file):
    probe = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height",
                            "-of", "json", file], check=True, capture_output=True, text=True)
    stream = json.loads(probe.stdout)["streams"][0]
    raw = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", file, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt",
                          "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8)[: stream["width"] * stream["height"] * 3].reshape(stream["height"], stream["width"], 3)


def degraded(faces, picture, how, out):
    """None where no face is found to degrade."""
    found = faces.largest(picture)
    if found is None:
        return None
    (_, _, wide, _), _ = found
    back = "scale=iw*{0}:ih*{0}:flags=bicubic"
    filters = {
        "32 px": lambda: shrink(wide / 32), "20 px": lambda: shrink(wide / 20), "grey": lambda: "format=gray",
        # A tenth of the face's width is about the distance of an eye's corners.
        "blurred": lambda: f"gblur=sigma={wide / 40:.2f}", "JPEG 30": lambda: None,
    }
    assert how in filters and back
    chosen = filters[how]()
    # ffmpeg's q of mjpeg runs the other way; 18 compresses like a quality of 30.
    quality = ["-q:v", "18"] if how == "JPEG 30" else ["-q:v", "2"]
    return ffmpeg(out, "-i", picture, *(["-vf", chosen] if chosen else []), "-frames:v", "1", "-pix_fmt", "yuvj420p", *quality)


def shrink(by):
    by = max(by, 1.0)
    return (f"scale=trunc(iw/{by:.4f}):trunc(ih/{by:.4f}):flags=area,"
            f"scale=trunc(iw*{by:.4f}):trunc(ih*{by:.4f}):flags=bicubic")


# ---- attacks on a talking face


def still(clip, out):
    return ffmpeg(out, "-i", clip, "-vf", FREEZE, "-r", FPS, *H264, *AAC, "-shortest")


def moved_still(clip, out):
    """Panned and zoomed as a hand would move a print."""
    zoom = f"zoompan=z='1.1+0.05*sin(on/9)':x='iw/20+8*sin(on/7)':y='ih/20+6*cos(on/11)':d=1:s=360x288:fps={FPS}"
    return ffmpeg(out, "-i", clip, "-vf", f"{FREEZE},{zoom}", "-r", FPS, *H264, *AAC, "-shortest")


def tilted_still(clip, out):
    """Turned and tilted about: a print in a moving hand keeps to one homography."""
    w, h, s, c = 360, 288, "sin(in/8)", "cos(in/11)"
    corners = (f"perspective=x0='12+10*{s}':y0='10+8*{c}':x1='{w}-12+9*{c}':y1='8-7*{s}':x2='10-8*{c}':y2='{h}-10+8*{s}'"
               f":x3='{w}-10-9*{s}':y3='{h}-12-8*{c}':eval=frame")
    return ffmpeg(out, "-i", clip, "-vf", f"{FREEZE},{corners}", "-r", FPS, *H264, *AAC, "-shortest")


def replayed(clip, out):
    """As a camera sees a screen: grid of pixels, flicker, a bezel, a slight turn, coded twice."""
    grid = grid_picture(out.parent / "screen-grid.png")
    shown = ("[0:v]scale=1080:864:flags=bilinear,format=gbrp[v];[1:v]format=gbrp[g];[v][g]blend=all_mode=multiply,"
             "eq=brightness='0.035*sin(2*PI*11*t)':eval=frame:contrast=0.92,pad=iw+160:ih+140:80:70:color=0x141414,"
             "rotate=0.02*sin(t)+0.015:c=0x1a1612,scale=460:372:flags=bilinear,crop=360:288,noise=alls=6:allf=t[o]")
    once = ffmpeg(out.with_name("once-" + out.name), "-i", clip, "-loop", "1", "-i", grid, "-filter_complex", shown, "-map",
                  "[o]", "-map", "0:a", "-r", FPS, "-t", SECONDS, *H264, *AAC)
    return ffmpeg(out, "-i", once, "-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", "-c:a", "copy")


def grid_picture(out):
    """Dark lines between red, green and blue stripes, three pixels each, as a factor."""
    if not out.is_file():
        stripes = np.full((864, 1080, 3), 150, np.uint8)
        for channel in range(3):
            stripes[:, channel::3, channel] = 255
        stripes[::3] = (stripes[::3] * 0.7).astype(np.uint8)
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "1080x864", "-i", "-", out],
                       input=stripes.tobytes(), check=True)
    return out


def looped(clip, out):
    """Eight tenths of a second, over and over."""
    return ffmpeg(out, "-i", clip, "-vf", f"trim=start_frame=20:end_frame=40,setpts=PTS-STARTPTS,loop=loop=-1:size=20,"
                  f"trim=duration={SECONDS},setpts=N/{FPS}/TB", "-r", FPS, *H264, *AAC, "-shortest")


def cut_out_mouth(faces, clip, out):
    """A still whose mouth is a hole with a living one behind it; None without a face."""
    found = faces.largest(clip)
    if found is None:
        return None
    (_, _, wide, _), points = found
    middle, w, h = points[3:].mean(axis=0), int(0.55 * wide) // 2 * 2, int(0.4 * wide) // 2 * 2
    x, y = (int(middle[0] - w / 2), int(middle[1] - h / 2))
    graph = (f"[0:v]split[a][b];[a]{FREEZE}[s];[b]setpts=N/{FPS}/TB,crop={w}:{h}:{x}:{y}[m];[s][m]overlay={x}:{y}:shortest=1[o]")
    return ffmpeg(out, "-i", clip, "-filter_complex", graph, "-map", "[o]", "-map", "0:a", "-r", FPS, *H264, *AAC, "-shortest")


def swapped(clip, other, out):
    """Another face from the middle on, in the same place."""
    graph = ("[0:v]trim=end_frame=37,setpts=PTS-STARTPTS[a];[1:v]trim=start_frame=37,setpts=PTS-STARTPTS[b];"
             "[a][b]concat=n=2:v=1[o]")
    return ffmpeg(out, "-i", clip, "-i", other, "-filter_complex", graph, "-map", "[o]", "-map", "0:a", "-r", FPS, *H264, *AAC)


def photograph(picture, out):
    """A picture held before the camera: enlarged to its face, moved about, with no sound."""
    zoom = f"zoompan=z='1.1+0.05*sin(on/9)':x='iw/20+8*sin(on/7)':y='ih/20+6*cos(on/11)':d={FPS * SECONDS}:s=480x480:fps={FPS}"
    return ffmpeg(out, "-i", picture, "-vf", f"scale=960:960:force_original_aspect_ratio=increase,crop=960:960,{zoom}",
                  "-frames:v", FPS * SECONDS, *H264)


# ---- attacks on the sound


def with_sound(clip, sound, out, *filters):
    """The clip's pictures with another file's sound."""
    return ffmpeg(out, "-i", clip, "-i", sound, "-map", "0:v", "-map", "1:a", "-c:v", "copy",
                  *(["-af", ",".join(filters)] if filters else []), *AAC, "-t", SECONDS)


def with_made_sound(clip, source, out):
    return ffmpeg(out, "-i", clip, "-f", "lavfi", "-i", source, "-map", "0:v", "-map", "1:a", "-c:v", "copy", *AAC, "-t", SECONDS)


def shifted(clip, seconds, out):
    return with_sound(clip, clip, out, f"adelay={int(seconds * 1000)}:all=1")


def aligned(clip, sound, out):
    """Other words, stretched and laid so that they begin and end when the clip's do."""
    (on, off), (start, end) = spoken(clip), spoken(sound)
    tempo = min(max((end - start) / (off - on), 0.5), 2.0)
    return with_sound(clip, sound, out, f"atrim={start:.3f}:{end:.3f}", "asetpts=PTS-STARTPTS", f"atempo={tempo:.4f}",
                      f"adelay={int(on * 1000)}:all=1", f"apad=whole_dur={SECONDS}")


def spoken(file):
    """Seconds at which speech begins and ends, by its energy."""
    sound = samples(file)
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-9)
    loud = np.flatnonzero(level > level.max() - 28)
    return loud[0] / 100, (loud[-1] + 1) / 100


def samples(file, rate=RATE):
    raw = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", file, "-ac", "1", "-ar", str(rate), "-f", "f32le", "-"],
                         check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.float32)


def said_by_machine(words, voice, out):
    """espeak-ng; None where it is not installed."""
    if out.is_file():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", out, words], check=True, capture_output=True)
    except FileNotFoundError:
        return None
    return out


def write_wav(out, sound, rate):
    if out.is_file():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())
    return out


def narrow(sound, out):
    """As over a telephone: 8 kHz."""
    return ffmpeg(out, "-i", sound, "-vn", "-ac", "1", "-ar", "8000")


def sound_of(clip, out):
    return ffmpeg(out, "-i", clip, "-vn", "-ac", "1", "-ar", str(RATE))


def recoded(clip, codec, out):
    """The sound of a clip as another device or service would have sent it."""
    coding = {"AAC 96k": (".m4a", ["-c:a", "aac", "-b:a", "96k", "-ar", "48000"]),
              "Opus 24k": (".webm", ["-c:a", "libopus", "-b:a", "24k", "-ar", "48000"]),
              "16 kHz": (".wav", ["-ar", str(RATE)])}
    suffix, arguments = coding[codec]
    return ffmpeg(out.with_suffix(suffix), "-i", clip, "-vn", "-ac", "1", *arguments)


def temporary():
    return tempfile.TemporaryDirectory(prefix="biometry-accuracy-")
