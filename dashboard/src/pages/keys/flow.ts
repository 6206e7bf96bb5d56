/** The whole flow, ready to run: a session, the consents, a video, the decision. */

export interface Snippet {
  name: string;
  code: string;
}

const USER = "ada@example.org";
const PHRASE = "one two three four five";

/** In five languages, with the address of this server and the key filled in. */
export function snippetsOf(base: string, key: string): Snippet[] {
  return [
    { name: "curl", code: curl(base, key) },
    { name: "Node", code: node(base, key) },
    { name: "Python", code: python(base, key) },
    { name: "PHP", code: php(base, key) },
    { name: "Go", code: go(base, key) },
  ];
}

const curl = (base: string, key: string) => `URL='${base}'
KEY='${key}'

# 1. A session
SESSION=$(curl -s -X POST "$URL/api-gateway/sessions/start" -H "Authorization: Bearer $KEY" \\
  | sed 's/.*"data":"\\([^"]*\\)".*/\\1/')

# 2. What the user agreed to
for kind in consent strg-consent; do
  curl -s "$URL/api-consent/$kind" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
    -d '{"is_consent_given": true, "user_fullname": "${USER}"}'
done

# 3. A video of the user who says the phrase
curl -s "$URL/api-gateway/process-video" -H "Authorization: Bearer $KEY" \\
  -H "X-Session-ID: $SESSION" -H 'X-User-Fullname: ${USER}' \\
  -F 'phrase=${PHRASE}' -F 'video=@video.mp4'
`;

const node = (base: string, key: string) => `// Node 20 or later, no packages
import { readFile } from "node:fs/promises";

const url = "${base}";
const user = "${USER}";
const headers = { authorization: "Bearer ${key}" };
const post = async (path, body, more = {}) => {
  const answer = await fetch(url + path, { method: "POST", headers: { ...headers, ...more }, body });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

const { data: session } = await post("/api-gateway/sessions/start");
for (const kind of ["consent", "strg-consent"])
  await post(\`/api-consent/\${kind}\`, JSON.stringify({ is_consent_given: true, user_fullname: user }));

const form = new FormData();
form.set("phrase", "${PHRASE}");
form.set("video", new Blob([await readFile("video.mp4")]), "video.mp4");
const decided = await post("/api-gateway/process-video", form, { "x-session-id": session, "x-user-fullname": user });
console.log(decided.scoring_result.status, decided.decision_reasons);
`;

const python = (base: string, key: string) => `# pip install requests
import requests

URL, USER = "${base}", "${USER}"
api = requests.Session()
api.headers["Authorization"] = "Bearer ${key}"


def post(path, **request):
    answer = api.post(URL + path, **request)
    answer.raise_for_status()
    return answer.json()


session = post("/api-gateway/sessions/start")["data"]
for kind in ("consent", "strg-consent"):
    post(f"/api-consent/{kind}", json={"is_consent_given": True, "user_fullname": USER})
with open("video.mp4", "rb") as video:
    decided = post(
        "/api-gateway/process-video",
        headers={"X-Session-ID": session, "X-User-Fullname": USER},
        data={"phrase": "${PHRASE}"},
        files={"video": video},
    )
print(decided["scoring_result"]["status"], decided["decision_reasons"])
`;

const php = (base: string, key: string) => `<?php
// PHP 8 with the curl extension
function post(string $path, mixed $body, array $headers = []): array
{
    $call = curl_init('${base}' . $path);
    curl_setopt_array($call, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => ['Authorization: Bearer ${key}', ...$headers],
    ]);
    $answer = curl_exec($call);
    if (curl_getinfo($call, CURLINFO_RESPONSE_CODE) >= 400) throw new RuntimeException($answer);
    return json_decode($answer, true);
}

$user = '${USER}';
$session = post('/api-gateway/sessions/start', '')['data'];
foreach (['consent', 'strg-consent'] as $kind)
    post("/api-consent/$kind", json_encode(['is_consent_given' => true, 'user_fullname' => $user]));
$decided = post(
    '/api-gateway/process-video',
    ['phrase' => '${PHRASE}', 'video' => new CURLFile('video.mp4')],
    ["X-Session-ID: $session", "X-User-Fullname: $user"],
);
echo $decided['scoring_result']['status'], ' ', implode(', ', $decided['decision_reasons']), PHP_EOL;
`;

const go = (base: string, key: string) => `package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
)

const url, key, user = "${base}", "${key}", "${USER}"

func post(path string, body io.Reader, headers map[string]string) map[string]any {
	request, err := http.NewRequest("POST", url+path, body)
	check(err)
	request.Header.Set("Authorization", "Bearer "+key)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err)
	if answer.StatusCode >= 400 {
		log.Fatal(string(text))
	}
	var parsed map[string]any
	check(json.Unmarshal(text, &parsed))
	return parsed
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	session := post("/api-gateway/sessions/start", nil, nil)["data"].(string)
	for _, kind := range []string{"consent", "strg-consent"} {
		agreed := fmt.Sprintf(\`{"is_consent_given": true, "user_fullname": %q}\`, user)
		post("/api-consent/"+kind, strings.NewReader(agreed), nil)
	}
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	check(parts.WriteField("phrase", "${PHRASE}"))
	video, err := os.Open("video.mp4")
	check(err)
	file, err := parts.CreateFormFile("video", "video.mp4")
	check(err)
	_, err = io.Copy(file, video)
	check(err)
	check(parts.Close())
	decided := post("/api-gateway/process-video", &form, map[string]string{
		"Content-Type": parts.FormDataContentType(), "X-Session-ID": session, "X-User-Fullname": user,
	})
	fmt.Println(decided["scoring_result"], decided["decision_reasons"])
}
`;
