//! Queueing of deliveries, inside the transaction of their event.

use db::{Statement, Tx, Value};

use crate::{
    error::Error,
    outbox::{Event, Outbox, Outgoing, Subscriber, projects},
};

/// Eleven values per delivery: one statement stays below the limit of 32766.
const DELIVERIES_AT_ONCE: usize = 1000;

/// Queues `events` for their subscribers and returns the number of deliveries.
pub async fn queue_events(tx: &mut Tx, outbox: &Outbox, events: &[&Event]) -> Result<usize, Error> {
    const SUBSCRIBERS: &str = "SELECT id, api_key_id, project_id, events FROM webhook_endpoints \
                               WHERE status <> 'disabled' AND project_id IN (";
    if events.is_empty() {
        return Ok(0);
    }
    let mut find = Statement::new(SUBSCRIBERS);
    find.bind_list(projects(events)).push(")").once(true);
    let subscribers: Vec<Subscriber> = tx.fetch_all(find.sql(), find.params()).await?;
    let deliveries = outbox.address(events, &subscribers)?;
    insert_deliveries(tx, &deliveries).await?;
    Ok(deliveries.len())
}

/// Adds deliveries to the queue.
pub async fn insert_deliveries(tx: &mut Tx, deliveries: &[Outgoing<'_>]) -> Result<(), Error> {
    const INSERT: &str = "INSERT INTO webhook_deliveries (id, endpoint_id, project_id, transaction_id, subject_hash, \
                          event, created_at, status, attempts, due_at, sealed) ";
    for some in deliveries.chunks(DELIVERIES_AT_ONCE) {
        let mut insert = Statement::new(INSERT);
        insert.bind_rows(some.iter().map(values));
        insert.push(" ON CONFLICT (transaction_id, endpoint_id, event) DO NOTHING").once(some.len() > 1);
        tx.execute(insert.sql(), insert.params()).await?;
    }
    Ok(())
}

fn values<'a>(delivery: &'a Outgoing<'_>) -> [Value<'a>; 11] {
    let event = delivery.event;
    [
        (&delivery.id).into(),
        (&delivery.endpoint_id).into(),
        (&event.project_id).into(),
        (&event.transaction_id).into(),
        (&event.subject_hash).into(),
        event.name.into(),
        event.at_ms.into(),
        "pending".into(),
        0_i64.into(),
        event.at_ms.into(),
        (&delivery.sealed).into(),
    ]
}
