"""Tables of docs/ACCURACY.md from the results of `biometry evaluate`."""
import re
import sys
from collections import defaultdict

# What others, or the first experiments, had: published figures and those of the prototype, on other data.
ANCHORS = {
    "face": "SFace's first measurement here, same photos but for GRID: EER 0 % clean (393 genuine pairs), 0.62 % at 32 px, 3.8 % "
            "at 20 px, 1.27 % grey document. OpenCV Zoo publishes 99.60 % on LFW.",
    "voice": "First measurement: EER 0 % on 10 speakers of LibriSpeech, 0.40 % on 213; 0.40 % on spliced digits at 8 kHz. CAM++ "
             "publishes 0.65 % on VoxCeleb1-O (Wang et al. 2023, another training set than this file's).",
    "fingerprint": "First measurement on the same six prints: 53-148 within a finger, 7-22 between. NIST names 40 as threshold.",
    "phrase": "First measurement: 90 % of true digit strings, 2 % with one wrong digit, 0 % random, at a ratio of -3 (8 kHz).",
    "visual-speech": "Prototype on ten unseen speakers: the true sentence beats a random one .95-.97, one wrong digit .82-.94 "
                     "pairwise within GRID's grammar, .68 in spliced strings.",
    "active-speaker": "Prototype, AUC on nine unseen speakers: another's sound .996, shifts 1.0, aligned dub .992; the pretrained "
                      "LR-ASD: .67, .22-1.0. Same words in another voice: .87 (open).",
    "liveness": "The texture network alone: AUC .957 on 280 real and 15 fake stills (its settings tuned on them).",
    "media-authenticity": "Leaving each source out once: [training/authenticity/MODEL_CARD.md](../training/authenticity/MODEL_CARD.md).",
    "document": "The fields read, and each check alone, stand under Documents below.",
}
HELD_OUT = {
    "face": "Nothing was trained on these people. The thresholds were read off the other 350 people of LFW. UTKFace has no names: "
            "some pairs within a group are one person's, so its rates are upper bounds.", "voice": "Nothing was trained on these speakers; the shipped table was fitted "
            "on LibriSpeech and the spoken digits, so their rows are not held out for the threshold, GRID's are.",
    "fingerprint": "Nothing was trained; the limits of quality were set before these prints were seen.",
    "phrase": "Nothing was trained on them. The tolerances for near-sounding and function words and the limit of free reading were "
              "chosen on s1; the other GRID speakers, the digits and the unrelated speech are held out.",
    "visual-speech": "**Not held out**: the shipped weights have seen clips of all these speakers. Held-out figures: "
                     "[training/weights/MODEL_CARD.md](../training/weights/MODEL_CARD.md).",
    "active-speaker": "**Not held out**: the shipped weights have seen clips of all these speakers. Held-out figures: "
                      "[training/weights/MODEL_CARD.md](../training/weights/MODEL_CARD.md).",
    "liveness": "**Not held out**: the fusion was fitted on other attacks on clips of these speakers, and these replays are why the "
                "beat of a display's light is measured. Held-out figures: "
                "[training/liveness/MODEL_CARD.md](../training/liveness/MODEL_CARD.md). The recorded clips and the photographs "
                "were not used.",
    "media-authenticity": "**Not held out**: the threshold was calibrated on these clips; no network was trained on them.",
    "document": "The generator's seeds are others than those the limits were fitted on.",
}


def percent(rate):
    return "-" if rate is None else f"{100 * rate:.2f} %"


def of(rate, key="rate"):
    """`1.20 % (0.4-2.2), n = 300`; of no error at all the bound is what three in n says (Hanley and Lippman-Hand 1983)."""
    if not rate:
        return "-"
    n, interval = rate.get("trials"), rate.get("interval")
    if n and rate[key] in (0, 1):
        around = f" (<= {300 / n:.1f})" if rate[key] == 0 else f" (>= {100 - 300 / n:.1f})"
    else:
        around = f" ({100 * interval['low']:.1f}-{100 * interval['high']:.1f})" if interval else ""
    return percent(rate[key]) + around + (f", n = {n}" if n else "")


def auc(genuine, others):
    """The chance that a genuine item scores above another."""
    if not genuine or not others:
        return None
    ranked = sorted([(s, 1) for s in genuine] + [(s, 0) for s in others])
    wins, below, i = 0.0, 0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        same = [label for _, label in ranked[i:j]]
        wins += sum(same) * (below + (len(same) - sum(same)) / 2)
        below += len(same) - sum(same)
        i = j
    return wins / (len(genuine) * len(others))


def accept(item):
    return item["label"] in ("genuine", "live", "bona_fide", "expected")


def by_attack(items):
    groups = defaultdict(list)
    for item in items:
        groups["" if accept(item) else item.get("attack") or item["label"]].append(item)
    return groups


def scores(items):
    return [i["score"] for i in items if i["judged"]]


def attack_auc(results, attack):
    groups = by_attack(results["items"])
    return auc(scores(groups[""]), scores(groups.get(attack, [])))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


# ---- one kind


def recognition(results):
    """Error rates by condition, and the searches."""
    summary, rows = results["summary"], []
    groups = summary.get("groups") or {"all": summary}
    for name, group in groups.items():
        items = [i for i in results["items"] if len(groups) == 1 or i.get("group") == name]
        same = sum(accept(i) for i in items)
        at = {row["fmr"]: row for row in group["fnmr_at_fmr"]}
        false = next(iter(group["apcer"].values()), None)
        equal = group["eer"] and {**group["eer"], **({} if group["eer"]["rate"] else {"trials": min(same, len(items) - same)})}
        rows.append([name, f"{same} / {len(items) - same}", of(equal),
                     *(of(at[f], "fnmr") if f in at else "-" for f in (1e-2, 1e-3)),
                     of(group["bpcer"]), of(false), sum(group["not_judged"].values())])
    text = table(["condition", "pairs same / other", "EER", "FNMR at FMR .01", "at .001", "FNMR, shipped threshold",
                  "FMR, shipped threshold", "not judged"], rows)
    found = summary.get("identification")
    if found:
        text += (f"\n\nAs searches, all conditions together ({found['searches']} probes, {found['gallery']} templates in the median): "
                 f"the nearest is the right one in {100 * found['rank_one']:.1f} %")
        text += "".join(f"; FNIR {percent(at['fnir'])} at FPIR {at['fpir']:g}" for at in found["fnir_at_fpir"]) + "."
    return text


def detection(results):
    """Errors at the shipped threshold by attack."""
    summary, groups, rows = results["summary"], by_attack(results["items"]), []
    genuine = groups.pop("", [])
    unjudged = sum(not i["judged"] for i in genuine)
    rows.append(["**genuine refused (BPCER)**", of(summary["bpcer"]), "", f"{unjudged} of {len(genuine)}"])
    for attack, items in sorted(groups.items()):
        area = auc(scores(genuine), scores(items))
        rows.append([attack, of(summary["apcer"].get(attack)), "-" if area is None else f"{area:.3f}",
                     f"{sum(not i['judged'] for i in items)} of {len(items)}"])
    text = table(["attack accepted (APCER)", "at the shipped threshold", "AUC against genuine", "cannot judge"], rows)
    others = [(name, group) for name, group in summary.get("groups", {}).items() if group["bpcer"]]
    if len(others) > 1:
        text += "\n\n" + table(["group", "BPCER", "EER over all attacks"],
                               [[name, of(group["bpcer"]), of(group["eer"])] for name, group in others])
    if summary.get("wer"):
        text += f"\n\nWords wrong: {of(summary['wer'])} clips."
    return text


def words(results):
    """True phrases accepted, others accepted, by group."""
    rows = []
    summary = results["summary"]
    for name, group in (summary.get("groups") or {"all": summary}).items():
        kept = group["bpcer"] and {**group["bpcer"], "rate": 1 - group["bpcer"]["rate"],
                                   "interval": group["bpcer"]["interval"] and {
                                       "low": 1 - group["bpcer"]["interval"]["high"], "high": 1 - group["bpcer"]["interval"]["low"]}}
        apcer = group["apcer"]
        rows.append([name, of(kept), of(apcer.get("one digit wrong")), of(apcer.get("one word wrong")),
                     of(apcer.get("another phrase") or apcer.get("unrelated speech")),
                     of(group["wer"]).replace("n =", "clips:"), sum(group["not_judged"].values())])
    text = table(["set", "true phrase accepted", "one digit wrong accepted", "one word wrong accepted", "another phrase accepted",
                  "words wrong", "not judged"], rows)
    agreed = codec_agreement(results)
    if agreed:
        text += f"\n\nThe verdict is the same for a clip and its copies by other codecs in {100 * agreed[0]:.1f} % (n = {agreed[1]})."
    beats = pairwise(results)
    if beats:
        text += "\n\nOf one clip, the true phrase scores above the other one: " + ", ".join(
            f"{name} {100 * share:.1f} % (n = {n})" for name, (share, n) in beats.items()) + "."
    return text


def codec_agreement(results):
    """(share, n) of the copies by another codec that are judged as the clip itself; None without such copies. Both the
    clips and their copies are in the order of the manifest, a copy a codec for each clip."""
    true = [i for i in results["items"] if i["label"] == "genuine"]
    clips = [i for i in true if (i.get("group") or "").startswith("GRID sentences")]
    copies = [i for i in true if (i.get("group") or "").startswith("codec: ")]
    by_subject, copied = defaultdict(list), defaultdict(list)
    for item in clips:
        by_subject[item["subject"]].append(item)
    codecs = len({i["group"] for i in copies})
    for number, item in enumerate(copies):
        copied[item["subject"]].append((number % codecs, item))
    same = [clip["decision"] == item["decision"] for subject, found in by_subject.items()
            for codec in range(codecs) for clip, item in zip(found, [i for c, i in copied[subject] if c == codec])]
    return (sum(same) / len(same), len(same)) if same else None


def pairwise(results):
    """How often the true phrase scores above the other of the same clip; ties count half."""
    clips, wins = defaultdict(dict), defaultdict(list)
    for number, item in enumerate(results["items"]):
        if item["judged"]:
            clips[number // 3]["" if accept(item) else item["attack"]] = item["score"]
    for found in clips.values():
        for attack, score in found.items():
            if attack in ("another phrase", "one digit wrong") and "" in found:
                wins[attack].append((found[""] > score) + 0.5 * (found[""] == score))
    return {attack: (sum(each) / len(each), len(each)) for attack, each in sorted(wins.items())}


TABLES = {"face": recognition, "voice": recognition, "fingerprint": recognition, "phrase": words, "visual-speech": words,
          "active-speaker": detection, "liveness": detection, "media-authenticity": detection,
          "document": detection}


def section(kind, results):
    summary = results["summary"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in summary["not_judged"].items())
    lines = [f"{summary['items']} items, {summary['judged']} judged" + (f" (not judged: {reasons})" if reasons else "")
             + f"; {results['date']}, models {results['models']}. {HELD_OUT[kind]}", "", TABLES[kind](results), "",
             f"Detection error trade-off: ![DET](accuracy/{kind}.svg)", "", f"Beside it: {ANCHORS[kind]}"]
    return "\n".join(lines)


# ---- the bars


def group(results, kind, name):
    found = results.get(kind)
    return found and (found["summary"].get("groups") or {}).get(name)


def bars(results):
    """(what, bar, measured, met or not) of each figure asked for."""
    lines = []

    def bar(what, wanted, value, met, shown=percent):
        lines.append((what, wanted, "not measured" if value is None else shown(value),
                      "-" if value is None else "met" if met(value) else "**not met**"))

    area = lambda v: f"{v:.3f}"
    sync, live, lips = (results.get(k) for k in ("active-speaker", "liveness", "visual-speech"))
    note = " (not held out)"
    for attack, least in (("another's sound", 0.97), ("sound 0.4 s late", 0.97), ("own voice, dub cut to the speech", 0.95)):
        bar(f"sync: {attack}{note}", f"AUC >= {least}", sync and attack_auc(sync, attack), lambda v, l=least: v >= l, area)
    bar(f"sync: genuine refused{note}", "BPCER <= 5 %", rate(sync, "bpcer"), lambda v: v <= 0.05)
    bar(f"sync: worst attack but dubs{note}", "APCER <= 5 %", worst(sync, [a for a in (sync or {"summary": {"apcer": {}}})["summary"]["apcer"]
                                                                        if "voice" not in a]), lambda v: v <= 0.05)
    bar(f"sync: worst dub{note}", "APCER <= 5 %", worst(sync, [a for a in (sync or {"summary": {"apcer": {}}})["summary"]["apcer"]
                                                             if "voice" in a]), lambda v: v <= 0.05)
    beats = pairwise(lips) if lips else {}
    for attack, least in (("another phrase", 0.95), ("one digit wrong", 0.75)):
        bar(f"lips: true phrase over {attack}{note}", f">= {100 * least:.0f} %", beats.get(attack, (None, 0))[0], lambda v, l=least: v >= l)
    bar("liveness: live refused" + note, "BPCER <= 10 %", rate(live, "bpcer"), lambda v: v <= 0.10)
    for attack in ("still", "moved still", "tilted still", "replay on a screen"):
        bar(f"liveness: {attack}{note}", "APCER <= 3 %", worst(live, [attack]), lambda v: v <= 0.03)
    real = group(results, "liveness", "wild")
    bar(f"liveness: wild clips of real people refused{note}", "BPCER <= 6 %", real and real["bpcer"] and real["bpcer"]["rate"],
        lambda v: v <= 0.06)
    fakes = results.get("media-authenticity")
    bar(f"authenticity: genuine refused{note}", "BPCER <= 5 %", rate(fakes, "bpcer"), lambda v: v <= 0.05)
    for attack in ("wav2lip", "wav2lip gan", "wav2lip photo"):
        bar(f"authenticity: {attack}{note}", "APCER <= 30 %", worst(fakes, [attack]), lambda v: v <= 0.30)
    for kind, name, most in (("face", "clean", 0.005), ("face", "32 px", 0.02), ("voice", "wide band", 0.005), ("voice", "8 kHz", 0.015)):
        found = group(results, kind, name)
        bar(f"{kind}: {name}", f"EER <= {100 * most:g} %", found and found["eer"] and found["eer"]["rate"], lambda v, m=most: v <= m)
    lfw = group(results, "face", "LFW, held out")
    at = {row["fmr"]: 1 - row["fnmr"] for row in lfw["fnmr_at_fmr"]} if lfw else {}
    for fmr, least in ((1e-3, 0.985), (1e-4, 0.97)):
        bar(f"face: LFW, people held out, true accepted at FMR {fmr:g}", f">= {100 * least:g} %", at.get(fmr), lambda v, l=least: v >= l)
    false = [row["apcer"]["impostor"]["rate"] for name, row in (results.get("face") or {"summary": {}})["summary"].get("groups", {}).items()
             if name.startswith("UTKFace")]
    bar("face: worst group of adults (UTKFace), FMR at the shipped threshold", "<= 2 %", max(false) if false else None, lambda v: v <= 0.02)
    mean = sum(false) / len(false) if false else 0
    bar("face: the same over the mean of the groups", "<= 3", max(false) / mean if mean else None, lambda v: v <= 3, lambda v: f"{v:.1f}")
    for name, least in (("spliced digits, 8 kHz", 0.95), ("digits of GRID, wide band", 0.95), ("digits of a machine, wide band", 0.95),
                        ("GRID sentences, held out", 0.97)):
        found = group(results, "phrase", name)
        kept = found and found["bpcer"] and 1 - found["bpcer"]["rate"]
        bar(f"phrase: true accepted, {name}", f">= {100 * least:.0f} %", kept, lambda v, l=least: v >= l)
        for attack in ("one digit wrong", "one word wrong"):
            wrong = found and found["apcer"].get(attack)
            if wrong or attack == "one digit wrong":
                bar(f"phrase: {attack} accepted, {name}", "<= 2 %", wrong and wrong["rate"], lambda v: v <= 0.02)
    unrelated = group(results, "phrase", "unrelated speech")
    bar("phrase: unrelated speech accepted", "0", unrelated and unrelated["apcer"]["unrelated speech"]["rate"], lambda v: v == 0)
    agreed = codec_agreement(results["phrase"]) if "phrase" in results else None
    bar("phrase: verdict equal by AAC 96k, Opus 24k, 16 kHz", ">= 98 %", agreed and agreed[0], lambda v: v >= 0.98)
    narrow = group(results, "voice", "8 kHz against wide band")
    bar("voice: 8 kHz against wide band", "EER <= 0.5 %", narrow and narrow["eer"] and narrow["eer"]["rate"], lambda v: v <= 0.005)
    return lines


def rate(results, name):
    return results and results["summary"][name] and results["summary"][name]["rate"]


def worst(results, attacks):
    found = [results["summary"]["apcer"][a]["rate"] for a in attacks if results and a in results["summary"]["apcer"]]
    return max(found) if found else None


def missed(lines):
    """The bars that were not met. One that nothing was measured for is missed as well."""
    return [f"{what}: {measured} (bar {wanted})" for what, wanted, measured, result in lines if result != "met"]


def losses(results, committed):
    """Rates that are worse than the committed ones by more than both 95 % intervals allow."""
    lost = []
    for kind, now in figures(results).items():
        for name, new in now.items():
            old = committed.get(kind, {}).get(name)
            if old and new["low"] > old["high"]:
                lost.append(f"{kind}, {name}: {percent(old['rate'])} was committed, now {percent(new['rate'])}")
    return lost


def figures(results):
    """Error rates with their intervals by kind, as docs/accuracy/figures.json holds them. Lower is better in all."""
    return {kind: {name: interval(rate) for name, rate in error_rates(found["summary"]) if rate} for kind, found in results.items()}


def error_rates(summary):
    for name, group in [("all", summary), *(summary.get("groups") or {}).items()]:
        yield f"{name}: genuine refused", group["bpcer"]
        yield f"{name}: equal error rate", group["eer"]
        for attack, rate in group["apcer"].items():
            yield f"{name}: {attack} accepted", rate


def interval(rate):
    """The rate with its bootstrapped interval; of no error at all the upper bound is three in n."""
    within, trials = rate.get("interval") or {}, rate.get("trials")
    high = min(1, 3 / trials) if trials and rate["rate"] == 0 else within.get("high", 1)
    return {"rate": rate["rate"], "low": within.get("low", 0), "high": high, "trials": trials}


# ---- the file


def write(file, results, clips):
    text = file.read_text()
    head = (f"Made by `make accuracy` (or `tests/accuracy/run.py`), at most {clips} clips of each GRID speaker, drawn with a seed. The "
            "intervals are 95 %, bootstrapped over subjects; of no error at all the bound by the number of items stands instead, "
            "which takes them for independent and so promises a little too much.\n\n")
    text = replaced(file, text, "bars", head + table(["", "bar", "measured", ""], bars(results)))
    for kind, found in results.items():
        text = replaced(file, text, kind, section(kind, found))
    file.write_text(text)


def replaced(file, text, name, new, script="run.py"):
    """`text` with what stands between the markers of `name` replaced by `new`."""
    begin, end = f"<!-- {name}: begin, made by tests/accuracy/{script} -->", f"<!-- {name}: end -->"
    if begin not in text or end not in text:
        sys.exit(f"{file} lacks the marker {begin}")
    return re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: f"{begin}\n\n{new}\n\n{end}", text, flags=re.S)
