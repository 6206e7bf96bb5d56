//! The page theme of each tenant.

use super::Store;
use crate::error::Error;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PageThemeRow {
    pub project_id: String,
    pub name: String,
    pub accent: String,
    pub language: String,
    pub redirect_url: String,
    /// A JSON list.
    pub frame_ancestors: String,
    pub logo: Vec<u8>,
    pub logo_type: String,
    pub updated_at: i64,
}

impl Store {
    pub async fn find_page_theme(&self, project: &str) -> Result<Option<PageThemeRow>, Error> {
        const SQL: &str = "SELECT project_id, name, accent, language, redirect_url, frame_ancestors, logo, logo_type, \
            updated_at FROM page_themes WHERE project_id = $1";
        Ok(self.db.fetch_optional(SQL, db::params![project]).await?)
    }

    pub async fn put_page_theme(&self, row: &PageThemeRow) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO page_themes (project_id, name, accent, language, redirect_url, frame_ancestors, \
            logo, logo_type, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
            ON CONFLICT (project_id) DO UPDATE SET name = $2, accent = $3, language = $4, redirect_url = $5, \
            frame_ancestors = $6, logo = $7, logo_type = $8, updated_at = $9";
        let params = db::params![
            &row.project_id,
            &row.name,
            &row.accent,
            &row.language,
            &row.redirect_url,
            &row.frame_ancestors,
            &row.logo,
            &row.logo_type,
            row.updated_at
        ];
        self.db.execute(SQL, params).await?;
        Ok(())
    }
}
