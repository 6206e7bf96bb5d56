//! Credits: a balance that never falls below zero, and reservations that are charged or given back once.

use futures::future::join_all;
use proto::transactions::{self as wire, credits_client::CreditsClient};
use rpc::Transport;
use tonic::Code;

use crate::{Service, new_id};

const PROJECT: &str = "project-1";
const KIND: &str = "verifik.liveness";

struct Shop(CreditsClient<Transport>);

impl Shop {
    async fn prepaid(service: &Service, amount: u32) -> Self {
        let shop = Self(service.credits.clone());
        let prices = [(KIND.to_owned(), 2)].into();
        let plan = wire::PutCreditPlanRequest { project_id: PROJECT.into(), is_prepaid: true, prices };
        shop.0.clone().put_credit_plan(plan).await.unwrap();
        let purchase =
            wire::AddCreditsRequest { project_id: PROJECT.into(), amount, description: "invoice\t7".into() };
        let entry = shop.0.clone().add_credits(purchase).await.unwrap().into_inner();
        assert_eq!((entry.is_purchase, entry.description.as_str()), (true, "invoice 7"));
        shop
    }

    async fn balance(&self) -> i64 {
        let request = wire::GetCreditPlanRequest { project_id: PROJECT.into() };
        self.0.clone().get_credit_plan(request).await.unwrap().into_inner().balance
    }

    async fn reserve(&self, transaction: &str) -> Result<u32, Code> {
        let request = wire::ReserveCreditsRequest {
            project_id: PROJECT.into(),
            transaction_id: transaction.into(),
            kind: KIND.into(),
        };
        let reserved = self.0.clone().reserve_credits(request).await;
        reserved.map(|reserved| reserved.into_inner().amount).map_err(|status| status.code())
    }

    async fn settle(&self, transaction: &str, is_charged: bool) -> bool {
        let request = wire::SettleCreditsRequest {
            project_id: PROJECT.into(),
            transaction_id: transaction.into(),
            kind: KIND.into(),
            is_charged,
        };
        self.0.clone().settle_credits(request).await.unwrap().into_inner().settled
    }

    async fn entries(&self, project: &str) -> Vec<wire::CreditEntry> {
        let request = wire::ListCreditsRequest { project_id: project.into(), page: 1, limit: 100 };
        self.0.clone().list_credits(request).await.unwrap().into_inner().entries
    }
}

#[tokio::test]
async fn verifik_case_16_no_more_is_reserved_at_once_than_there_is() {
    testkit::each_config(async |db| {
        let service = Service::open(db).await;
        let shop = Shop::prepaid(&service, 7).await;
        let ids: Vec<String> = (0..8).map(|_| new_id()).collect();
        let reserved = join_all(ids.iter().map(|id| shop.reserve(id))).await;
        let granted: Vec<_> = ids.iter().zip(&reserved).filter(|(_, one)| one.is_ok()).collect();
        assert_eq!(granted.len(), 3, "{reserved:?}");
        assert!(reserved.contains(&Err(Code::FailedPrecondition)));
        assert_eq!(shop.balance().await, 1);
        assert!(shop.settle(granted[0].0, true).await && !shop.settle(granted[0].0, true).await);
        assert!(shop.settle(granted[1].0, false).await && !shop.settle(granted[1].0, false).await);
        assert!(!shop.settle(granted[1].0, true).await, "what was given back is not charged");
        assert_eq!(shop.balance().await, 3);
        let entries = shop.entries(PROJECT).await;
        let counted = |status| entries.iter().filter(|of| of.status() == status && !of.is_purchase).count();
        assert_eq!((counted(wire::CreditStatus::Approved), counted(wire::CreditStatus::Pending)), (1, 1));
        assert!(shop.entries("project-2").await.is_empty());
        let foreign = wire::GetCreditRequest { project_id: "project-2".into(), id: entries[0].id.clone() };
        assert_eq!(shop.0.clone().get_credit(foreign).await.unwrap_err().code(), Code::NotFound);
        let no_id = wire::GetCreditRequest { project_id: PROJECT.into(), id: "a\0b".into() };
        assert_eq!(shop.0.clone().get_credit(no_id).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_reservation_of_a_process_that_died_is_given_back_after_ten_minutes() {
    testkit::each_config(async |db| {
        let service = Service::open(db).await;
        let shop = Shop::prepaid(&service, 2).await;
        let (lost, next) = (new_id(), new_id());
        assert_eq!(shop.reserve(&lost).await, Ok(2));
        service.advance(10 * 60 * 1000);
        assert_eq!(shop.reserve(&next).await, Err(Code::FailedPrecondition));
        service.advance(1);
        assert_eq!(shop.reserve(&next).await, Ok(2));
        assert!(!shop.settle(&lost, true).await, "it is not charged any more");
        assert_eq!(shop.balance().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_postpaid_project_is_counted_once_a_call() {
    testkit::each_config(async |db| {
        let service = Service::open(db).await;
        let shop = Shop(service.credits.clone());
        let id = new_id();
        assert_eq!(shop.reserve(&id).await, Ok(1), "the default price");
        assert!(shop.entries(PROJECT).await.is_empty(), "nothing is taken");
        assert!(shop.settle(&id, true).await && !shop.settle(&id, true).await);
        let entries = shop.entries(PROJECT).await;
        assert_eq!((entries.len(), entries[0].status()), (1, wire::CreditStatus::Postpaid));
        let project = proto::subjects::Project { project_id: PROJECT.into() };
        let gone = service.client.clone().erase_project(project).await.unwrap().into_inner().kept;
        assert!(gone.iter().any(|of| of.kind == "credit_entry" && of.count == 1), "{gone:?}");
        assert!(shop.entries(PROJECT).await.is_empty());
    })
    .await;
}
