//! Health, readiness, the API's documents.

use crate::client::Request;
use crate::service::Ports;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;

#[test]
fn the_process_lives_whether_or_not_it_is_ready() {
    let service = Ports::new().serve();
    assert_eq!(service.call(Request::get("/healthz")).expect(200).json(), json!({ "status": "ok" }));
    assert_eq!(service.call(Request::get("/readyz/")).expect(200).json(), json!({ "status": "ok" }));
    let mut ports = Ports::new();
    ports.not_ready = vec!["database_unreachable"];
    let service = ports.serve();
    service.call(Request::get("/healthz")).expect(200);
    let reply = service.call(Request::get("/readyz")).expect(503);
    assert_eq!(reply.json(), json!({ "status": "unavailable", "reasons": ["database_unreachable"] }));
}

#[test]
fn the_documents_ask_nobody_but_us() {
    let service = Ports::new().serve();
    let document = service.call(Request::get("/openapi.json")).expect(200);
    let kept: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    assert!(document.json() == kept, "it is docs/openapi.json");
    assert!(!document.text().contains('\n'), "without the spaces between its values");
    let folder = service.call(Request::get("/docs")).expect(308);
    assert_eq!(folder.header("Location"), Some("/docs/"));
    let page = service.call(Request::get("/docs/")).expect(200);
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(policy.contains("script-src 'self';") && !policy.contains("http"), "{policy}");
    assert!(!page.text().contains("<script>") && !page.text().contains("https://"), "{}", page.text());
    let text = page.text();
    let files: Vec<_> = text.split('"').filter_map(|text| text.strip_prefix("./")).collect();
    for file in ["swagger-initializer.js", "swagger-ui-bundle.js", "swagger-ui.css"] {
        assert!(files.contains(&file), "{file}: {files:?}");
    }
    for path in files.iter().map(|file| format!("/docs/{file}")).chain(["/openapi.json".to_owned()]) {
        let file = path.as_str();
        if file.ends_with(".png") {
            continue;
        }
        let plain = service.call(Request::get(file)).expect(200);
        assert!(plain.body.len() > 100, "{file} was left out");
        assert_eq!((plain.header("Content-Encoding"), plain.header("Vary")), (None, Some("Accept-Encoding")));
        let packed = Request::get(file).header("Accept-Encoding", "gzip, deflate");
        let packed = service.call(packed).expect(200);
        // What is made for this service is not packed.
        if !file.ends_with("swagger-initializer.js") {
            assert_eq!(packed.header("Content-Encoding"), Some("gzip"), "{file}");
            let mut unpacked = String::new();
            GzDecoder::new(packed.body.as_slice()).read_to_string(&mut unpacked).unwrap();
            assert!(unpacked == plain.text() && packed.body.len() < unpacked.len(), "{file}");
        }
    }
    let not_packed = Request::get("/openapi.json").header("Accept-Encoding", "gzip;q=0");
    let not_packed = service.call(not_packed).expect(200);
    assert_eq!((not_packed.header("Content-Encoding"), &not_packed.body), (None, &document.body));
    let script = service.call(Request::get("/docs/swagger-initializer.js"));
    assert!(script.text().contains("/openapi.json"), "{}", script.text());
    service.call(Request::get("/docs/nothing")).expect(404);
}

#[test]
fn head_answers_like_get_without_the_body() {
    let service = Ports::new().serve();
    let reply = service.call(Request::new("HEAD", "/healthz")).expect(200);
    assert!(reply.body.is_empty());
}
