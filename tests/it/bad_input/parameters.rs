//! Parameters with characters that a database cannot store.

use super::*;

both_modes!(no_parameter_with_nul_is_a_fault);

/// Sends the NUL character, which PostgreSQL cannot store, in every path and query parameter of the description, with a
/// key of each API and as the owner on the dashboard.
async fn no_parameter_with_nul_is_a_fault(world: &'static World) {
    let organisation = Organisation::new(world);
    let owner = organisation.owner().await;
    let mut keys = vec![Project::of(world, &organisation.project, &organisation.key)];
    for api in ["biometry_v2", "neuroid", "idv", "verifik"] {
        keys.push(attesting(world, api).await);
    }
    let described = keys[0].get("/openapi.json").await.body;
    let mut paths = Vec::new();
    let mut queries = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let named = path.replace(['{', '}'], "");
            for parameter in parameters {
                let name = parameter["name"].as_str().unwrap();
                match parameter["in"].as_str().unwrap() {
                    "path" => {
                        let path = path.replace(&format!("{{{name}}}"), "a%00b").replace(['{', '}'], "");
                        paths.push((method.clone(), path));
                    }
                    // A stream of events does not end.
                    "query" if !named.ends_with("/live") => {
                        queries.push((method.clone(), format!("{named}?{name}=a%00b")));
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(paths.len() > 50 && queries.len() > 40, "{} {}", paths.len(), queries.len());
    for (method, path) in &paths {
        let mut seen = vec![answer(owner.request(method.clone(), path)).await];
        for key in &keys {
            seen.push(answer(key.request(method.clone(), path)).await);
        }
        for seen in seen {
            // Verifik answers 409 and 422 where other APIs answer 400.
            let expected = [400, 404, 409, 422];
            assert!(
                expected.contains(&seen.status.as_u16()),
                "{method} {path}: {} {}",
                seen.status,
                seen.body
            );
        }
    }
    for (method, path) in &queries {
        let mut seen = vec![owner.request(method.clone(), path).send().await.unwrap()];
        for key in &keys {
            seen.push(key.request(method.clone(), path).send().await.unwrap());
        }
        assert!(seen.iter().all(|seen| seen.status().as_u16() < 500), "{method} {path}: {seen:?}");
    }
}
