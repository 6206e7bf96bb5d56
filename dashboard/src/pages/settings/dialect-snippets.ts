import type { DialectName } from "../../api/projects";

/** A program in one language that makes a first call. */
export interface Snippet {
  language: string;
  code: string;
}

const base = window.location.origin;
const bearer = '-H "Authorization: Bearer $KEY"';
const curl = (code: string): Snippet => ({ language: "curl", code });

/** A first call of each API, in the languages of its own documents. The key is in the environment, as `KEY`. */
export const SNIPPETS: Record<DialectName, Snippet[]> = {
  neuroid: [
    curl(`curl ${bearer} -F mobile_number=923001234567 -F file=@fingerprint.png ${base}/v2/enroll-fp`),
    {
      language: "Node.js",
      code: `import fs from "node:fs";

const form = new FormData();
form.append("mobile_number", "923001234567");
for (const name of ["fingerprint", "selfie", "id_card"]) {
  form.append(name, await fs.openAsBlob(\`./\${name}.jpg\`), \`\${name}.jpg\`);
}
const response = await fetch("${base}/v2/verify", {
  method: "POST",
  headers: { Authorization: \`Bearer \${process.env.KEY}\` },
  body: form,
});
console.log(await response.json());`,
    },
    {
      language: "Python",
      code: `import os
import requests

files = {name: open(f"{name}.jpg", "rb") for name in ("fingerprint", "selfie", "id_card")}
headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
data = {"mobile_number": "923001234567"}
response = requests.post("${base}/v2/verify", headers=headers, data=data, files=files, timeout=60)
print(response.json())`,
    },
  ],
  biometry_v2: [
    curl(`curl -X POST ${bearer} ${base}/api-gateway/v2/sessions`),
    {
      language: "Node.js",
      code: `const response = await fetch("${base}/api-gateway/v2/sessions", {
  method: "POST",
  headers: { Authorization: \`Bearer \${process.env.KEY}\` },
});
console.log(await response.json());`,
    },
  ],
  idv: [
    curl(
      `curl -F api_key=$KEY -F user_identifier=user123 -F selfie_video=@selfie.mp4 -F id_photo=@card.jpg ${base}/verif/submit`,
    ),
    {
      language: "Node.js",
      code: `const page = new URL("${base}/verif/");
page.search = new URLSearchParams({ api_key: process.env.KEY, user_identifier: "user123" });
response.redirect(page.href);`,
    },
  ],
  verifik: [
    curl(
      `curl ${bearer} -H "Content-Type: application/json" -d '{"os":"DESKTOP","image":"'$(base64 -w0 face.jpg)'"}' ${base}/v2/face-recognition/liveness`,
    ),
    {
      language: "Node.js",
      code: `import fs from "node:fs";

const image = \`data:image/jpeg;base64,\${fs.readFileSync("face.jpg", "base64")}\`;
const response = await fetch("${base}/v2/face-recognition/liveness", {
  method: "POST",
  headers: { "Content-Type": "application/json", Authorization: \`Bearer \${process.env.KEY}\` },
  body: JSON.stringify({ image, os: "DESKTOP" }),
});
console.log(await response.json());`,
    },
    {
      language: "Python",
      code: `import base64
import os
import requests

with open("face.jpg", "rb") as picture:
    image = "data:image/jpeg;base64," + base64.b64encode(picture.read()).decode()
headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
response = requests.post("${base}/v2/face-recognition/liveness", json={"image": image, "os": "DESKTOP"}, headers=headers)
print(response.json())`,
    },
    {
      language: "PHP",
      code: `<?php
$image = "data:image/jpeg;base64," . base64_encode(file_get_contents("face.jpg"));
$call = curl_init("${base}/v2/face-recognition/liveness");
curl_setopt_array($call, [
    CURLOPT_HTTPHEADER => ["Content-Type: application/json", "Authorization: Bearer " . getenv("KEY")],
    CURLOPT_POSTFIELDS => json_encode(["image" => $image, "os" => "DESKTOP"]),
    CURLOPT_RETURNTRANSFER => true,
]);
echo curl_exec($call);`,
    },
    {
      language: "Go",
      code: `package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	picture, err := os.ReadFile("face.jpg")
	if err != nil {
		panic(err)
	}
	image := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(picture)
	body, _ := json.Marshal(map[string]string{"image": image, "os": "DESKTOP"})
	request, _ := http.NewRequest("POST", "${base}/v2/face-recognition/liveness", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+os.Getenv("KEY"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	fmt.Println(string(answer))
}`,
    },
  ],
};
