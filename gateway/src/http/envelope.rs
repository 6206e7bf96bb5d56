//! The JSON around results: one item, a page of items, or only a message.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A result and a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    pub data: T,
    pub message: &'static str,
}

impl<T> Envelope<T> {
    pub const fn new(message: &'static str, data: T) -> Self {
        Self { data, message }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last one, and only there: a page may hold fewer than `limit`.
    pub next_cursor: Option<String>,
    pub message: &'static str,
}

impl<T> Page<T> {
    /// `next_cursor`: empty on the last page.
    pub fn new(message: &'static str, data: Vec<T>, next_cursor: String) -> Self {
        Self { data, next_cursor: Some(next_cursor).filter(|cursor| !cursor.is_empty()), message }
    }
}

/// The call succeeded, and there is nothing to return.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    #[schema(example = "done")]
    pub message: &'static str,
}

impl Message {
    pub const fn new(message: &'static str) -> Self {
        Self { message }
    }
}

/// Where a list continues.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `next_cursor` of the previous page.
    #[serde(default)]
    pub cursor: String,
    /// 1 to 200; absent: 50.
    #[serde(default)]
    pub limit: u32,
}
