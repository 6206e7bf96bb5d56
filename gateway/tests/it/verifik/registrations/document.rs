//! The document step of a registration.

use super::*;

#[tokio::test]
async fn case_01_a_document_passes_its_step() {
    let world = World::new("attested").await;
    let steps = json!({"steps": {"document": "mandatory", "liveness": "optional", "signUpForm": "optional"}});
    let (project, flow) = world.project("p", steps).await;
    let body = json!({"project": project, "projectFlow": flow, "email": "user@example.com",
                      "fullName": "Erika Mustermann"});
    let made = world.post("/v2/app-registrations", &body).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = Registered {
        project,
        flow,
        id: text(&made.body["data"]["appRegistration"]["_id"]),
        token: text(&made.body["data"]["token"]),
    };
    let path = "/v2/document-validations/app-registration";
    let none = world.own(&of, "POST", path, &json!({})).await;
    assert_eq!(seen(&none), (422, &json!({"code": "MissingParameter", "message": "missing image"})));
    let (mut document, name) = (passport(), |name: &str, value: &str| proto::docauth::DocumentField {
        name: name.into(),
        value: value.into(),
        ..proto::docauth::DocumentField::default()
    });
    document.fields = vec![name("first_name", "ERIKA"), name("last_name", "MUSTERMANN")];
    world.customer.stage.set().document = Some(document);
    let judged = world.own(&of, "POST", path, &json!({"image": image()})).await;
    let data = &judged.body["data"]["documentValidation"];
    assert_eq!(
        (&data["status"], &data["namesMatch"], &data["fullNameMatchPercentage"], &data["validationMethod"]),
        (&"VALIDATED".into(), &true.into(), &json!(100), &"OCR".into()),
        "{}",
        judged.body
    );
    let again = world.own(&of, "POST", path, &json!({"image": image()})).await;
    assert_eq!(seen(&again), (409, &json!({"code": "already_exists", "message": "409:already_exists"})));
    let sync = format!("/v2/app-registrations/{}/sync", of.id);
    let end = world.own(&of, "PUT", &sync, &json!({"step": "end", "status": "COMPLETED"})).await;
    assert_eq!(end.body["data"]["status"], "COMPLETED", "{}", end.body);
    assert_eq!(world.customer.stage.set().documents.len(), 1);
}
