//! Consent texts of a project. They contain no personal data; approvals are in the ledger.

use proto::consent as wire;

use crate::{entry::Kind, error::Error, service::Consent, store::TextRow};

const MAX_ID: usize = 64;
const MAX_TITLE: usize = 200;
const MAX_TEXT: usize = 20_000;

impl Consent {
    pub(crate) async fn set_text(&self, text: wire::ConsentText) -> Result<wire::ConsentText, Error> {
        if !is_id(&text.id) {
            return Err(Error::Invalid("id is 1 to 64 letters, digits, '.', '_' or '-'"));
        }
        if text.title.is_empty() || text.title.len() > MAX_TITLE {
            return Err(Error::Invalid("title must have 1 to 200 bytes"));
        }
        if text.text.is_empty() || text.text.len() > MAX_TEXT {
            return Err(Error::Invalid("text must have 1 to 20000 bytes"));
        }
        let grants = grants(&text);
        if grants.is_empty() {
            return Err(Error::Invalid("grants must name authorization, storage or both"));
        }
        let row = TextRow {
            project_id: text.project_id,
            id: text.id,
            title: text.title,
            body: text.text,
            grants: grants.join(" "),
            updated_at: (self.clock)(),
        };
        self.store.put_text(&row).await?;
        Ok(encode(row))
    }

    pub(crate) async fn text(&self, request: &wire::ConsentTextRequest) -> Result<wire::ConsentText, Error> {
        let found = self.store.find_text(&request.project_id, &request.id).await?;
        Ok(encode(found.ok_or(Error::NoText)?))
    }
}

fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(plain)
}

fn grants(text: &wire::ConsentText) -> Vec<&'static str> {
    [(wire::ConsentKind::Authorization, Kind::Authorization), (wire::ConsentKind::Storage, Kind::Storage)]
        .into_iter()
        .filter(|(kind, _)| text.grants().any(|granted| granted == *kind))
        .map(|(_, kind)| kind.as_str())
        .collect()
}

fn encode(row: TextRow) -> wire::ConsentText {
    let kind = |name: &str| match Kind::parse(name)? {
        Kind::Authorization => Some(wire::ConsentKind::Authorization.into()),
        Kind::Storage => Some(wire::ConsentKind::Storage.into()),
    };
    wire::ConsentText {
        grants: row.grants.split(' ').filter_map(kind).collect(),
        project_id: row.project_id,
        id: row.id,
        title: row.title,
        text: row.body,
        updated_at_ms: row.updated_at,
    }
}
