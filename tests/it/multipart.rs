//! Multipart bodies written byte by byte, so that tests can send bodies that a library would refuse to build.

use reqwest::RequestBuilder;

const BOUNDARY: &str = "----tests-boundary-7d1f";

#[derive(Default)]
pub struct Form(Vec<u8>);

impl Form {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), None, value.as_bytes())
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers build the bytes for this one call")]
    pub fn file(self, name: &str, file: &str, content_type: &str, bytes: Vec<u8>) -> Self {
        self.part(&format!("name=\"{name}\"; filename=\"{file}\""), Some(content_type), &bytes)
    }

    fn part(mut self, disposition: &str, content_type: Option<&str>, bytes: &[u8]) -> Self {
        self.0.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n").bytes());
        if let Some(content_type) = content_type {
            self.0.extend(format!("Content-Type: {content_type}\r\n").bytes());
        }
        self.0.extend(b"\r\n");
        self.0.extend(bytes);
        self.0.extend(b"\r\n");
        self
    }

    pub fn send(mut self, request: RequestBuilder) -> RequestBuilder {
        self.0.extend(format!("--{BOUNDARY}--\r\n").bytes());
        request.header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}")).body(self.0)
    }
}
