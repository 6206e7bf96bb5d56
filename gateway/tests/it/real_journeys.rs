//! A gateway with the real journeys service behind it, and a mail server; everything else is played.

use std::time::Duration;

use gateway::{Config, Peers};
use tempfile::TempDir;
use testkit::MailServer;

use crate::{
    customer::Customer,
    fakes::{KEY, Stage},
};

pub struct RealJourneys {
    pub customer: Customer,
    pub mail: MailServer,
    /// Of its tables.
    pub folder: TempDir,
}

impl RealJourneys {
    pub async fn before(stage: Stage, config: Config) -> Self {
        let (folder, mail) = (tempfile::tempdir().unwrap(), MailServer::start().await);
        let mut settings = svc_journeys::Config::embedded(folder.path());
        settings.mail =
            mail::Config { smtp_url: Some(mail.url.clone().into()), from: "checks@example.org".into() };
        let routes = svc_journeys::routes(settings).await.unwrap();
        let journeys = rpc::local(routes, Duration::from_secs(60));
        let app = gateway::app(config.clone(), Peers { journeys, ..stage.peers() }).await.unwrap();
        let key = stage.token("kid-1", KEY);
        Self { customer: Customer { stage, app, key, config }, mail, folder }
    }
}
