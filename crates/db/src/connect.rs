//! Opens a database and applies its migrations.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use secrecy::ExposeSecret;
use sqlx::{
    Connection, PgConnection, PgPool, SqliteConnection,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Config, Db, Error, Migrate, Sqlite, is_unique_violation, transaction::Writes};

const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

impl Db {
    /// Opens the pool and, unless `migrate` is `never`, applies missing migrations. A schema newer than this program
    /// is accepted: migrations stay compatible with the previous release.
    ///
    /// # Errors
    /// When the URL does not parse, the database is unreachable, a migration fails, or one is missing and `migrate`
    /// is `never`.
    pub async fn open(config: &Config, migrations: &Migrator) -> Result<Self, Error> {
        let db = Self::connect(config).await?;
        match config.migrate {
            Migrate::Auto => db.run_migrations(migrations).await?,
            Migrate::Never => match db.pending_migrations(migrations).await? {
                0 => {}
                pending => return Err(Error::Behind(pending)),
            },
        }
        Ok(db)
    }

    pub(crate) async fn connect(config: &Config) -> Result<Self, Error> {
        let url = config.url.expose_secret();
        if url.starts_with("sqlite:") {
            Ok(Self::Lite(open_sqlite(url, config).await?))
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Ok(Self::Pg(open_postgres(url, config).await?))
        } else {
            Err(Error::Url)
        }
    }
}

async fn open_sqlite(url: &str, config: &Config) -> Result<Sqlite, Error> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| Error::Url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // WAL with NORMAL survives a process crash without a sync per commit; a power cut may lose the last ones.
        .synchronous(if config.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Normal })
        .busy_timeout(LOCK_TIMEOUT)
        .foreign_keys(true)
        // Erased data is overwritten, not only unlinked.
        .pragma("secure_delete", "ON");
    let in_memory = url.contains(":memory:");
    let file: Option<PathBuf> = (!in_memory).then(|| options.get_filename().to_owned());
    if let Some(file) = &file {
        private_file(file).map_err(|error| Error::File(file.clone(), error))?;
    }
    // Every connection to `:memory:` is a separate database, and must outlive idle timeouts.
    let connections = if in_memory { 1 } else { config.max_connections };
    let pool = SqlitePoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None);
    // An in-process database cannot disconnect, and a ping costs as much as a query.
    let pool = pool.test_before_acquire(false).after_release(|connection, _| Box::pin(is_usable(connection)));
    let pool = pool.connect_with(options).await.map_err(Error::Open)?;
    Ok(Sqlite { writes: Writes::new(pool.clone()), pool, file })
}

/// Whether a connection can be reused. When a commit failed, SQLite may have rolled back the transaction; sqlx then
/// counts it as open forever and could begin no other one.
async fn is_usable(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // Waits for earlier statements, such as the end of the transaction.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Creates the file and its folder readable by their owner only, whatever the umask. SQLite gives its log the same mode.
fn private_file(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        match fs::set_permissions(&path, Permissions::from_mode(0o600)) {
            Err(error) if suffix.is_empty() || error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// What is answered is on disk, also where the server, the database or the role does not ask for that.
async fn commit_to_disk(connection: &mut PgConnection) -> sqlx::Result<()> {
    const SQL: &str = "SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') = 'off'";
    sqlx::query(SQL).execute(connection).await.map(drop)
}

async fn open_postgres(url: &str, config: &Config) -> Result<PgPool, Error> {
    let schema = config.schema.clone();
    if schema.is_empty() || !schema.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Err(Error::Schema);
    }
    let options =
        PgConnectOptions::from_str(url).map_err(|_| Error::Url)?.options([("search_path", &schema)]);
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(LOCK_TIMEOUT)
        .after_connect(|connection, _| Box::pin(commit_to_disk(connection)))
        .connect_with(options)
        .await
        .map_err(Error::Open)?;
    if config.migrate == Migrate::Never {
        return Ok(pool);
    }
    // The name was checked above: only a-z, 0-9 and _.
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    match sqlx::query(create).execute(&pool).await {
        // Of two processes that start at once and find it missing, the second's attempt fails although the schema exists.
        Err(error) if !is_unique_violation(&error) => Err(Error::Open(error)),
        _ => Ok(pool),
    }
}
