import { expect, test } from "vitest";

import type { Capture } from "../src/machine.js";
import { problemOf } from "../src/problems.js";
import { delayBefore, fileName, formOf, problemOfAnswer } from "../src/upload.js";

const target = {
  url: "/",
  token: null,
  headers: {},
  fields: { user: "ada" },
  videoField: "selfie_video",
  phraseField: "phrase",
  withCredentials: false,
  retries: 3,
};
const capture: Capture = {
  id: "1",
  video: new Blob(["x"], { type: "video/mp4;codecs=avc1" }),
  source: "camera",
  phrase: "one two",
  seconds: 3,
  heard: true,
  guide: null,
};

test("waits double, unless the server says how long", () => {
  expect([1, 2, 3, 9].map((attempt) => delayBefore(attempt, null))).toEqual([1, 2, 4, 30]);
  expect(["7", "600", "0", "soon"].map((asked) => delayBefore(1, asked))).toEqual([7, 30, 1, 1]);
});

test("an answer's problem has the server's sentence, wherever it stands", () => {
  expect(problemOfAnswer(422, { error: "no face" })).toMatchObject({ code: "rejected", detail: "no face" });
  expect(problemOfAnswer(400, { error: { message: "no face" } })).toMatchObject({ detail: "no face" });
  expect(problemOfAnswer(400, { message: "no face" })).toMatchObject({ detail: "no face" });
  expect(problemOfAnswer(401, "")).toEqual({ code: "not_authorized", status: 401, body: "" });
  expect(problemOfAnswer(503, null).code).toBe("server_busy");
});

test("the video comes last, with a name by its type", async () => {
  const form = formOf(capture, target);
  expect([...form.keys()]).toEqual(["user", "phrase", "selfie_video"]);
  expect((form.get("selfie_video") as File).name).toBe("recording.mp4");
  expect([...formOf(capture, { ...target, phraseField: "" }).keys()]).toEqual(["user", "selfie_video"]);
  const chosen = { ...capture, video: new File(["x"], "me.mov") };
  expect((formOf(chosen, target).get("selfie_video") as File).name).toBe("me.mov");
  expect(fileName("video/webm;codecs=vp8,opus")).toBe("recording.webm");
});

test("an exception of the browser is a problem in words", () => {
  const named = (name: string) => problemOf(new DOMException("", name)).code;
  expect(named("NotAllowedError")).toBe("camera_denied");
  expect(named("NotFoundError")).toBe("no_camera");
  expect(named("NotReadableError")).toBe("camera_busy");
  expect(named("NotSupportedError")).toBe("recorder_unsupported");
  expect(problemOf({ code: "insecure_page" }).code).toBe("insecure_page");
});
