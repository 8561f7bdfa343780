//! The client of the server API against a server of its own.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edupay_appstore::{AppStoreServerClient, ServerFault, ServerSettings};
use edupay_domain::app_store::{AppStoreServer, AppStoreServerError, HistoryPage, StoreEnvironment};
use edupay_domain::ids::TransactionId;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use serde_json::{Value, json};
use std::sync::OnceLock;

use crate::shop::{BUNDLE_ID, at};

/// What the server was asked.
struct Asked {
    line: String,
    authorization: String,
    body: String,
}

/// A server that gives these answers, one after the other.
struct Stub {
    address: String,
    asked: Receiver<Asked>,
}

impl Stub {
    fn answering(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (send, asked) = channel();
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                send.send(read(&mut reader)).unwrap();
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { address, asked }
    }

    fn client(&self) -> AppStoreServerClient {
        AppStoreServerClient::new(ServerSettings {
            bundle_id: BUNDLE_ID.to_owned(),
            issuer_id: "57246542-96fe-1a63-e053-0824d011072a".to_owned(),
            key_id: "ABC123DEFG".to_owned(),
            private_key: p8(),
            // The slash is cut.
            api_base: Some(format!("{}/", self.address)),
            timeout: Duration::from_secs(10),
        })
        .unwrap()
    }

    fn asked(&self) -> Asked {
        self.asked.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn read(reader: &mut impl BufRead) -> Asked {
    let mut asked = Asked { line: String::new(), authorization: String::new(), body: String::new() };
    reader.read_line(&mut asked.line).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "authorization" => asked.authorization = value.to_owned(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked.body = String::from_utf8(body).unwrap();
    asked.line = asked.line.trim_end().to_owned();
    asked
}

fn answer(status: &str, body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn key() -> &'static EcKey<Private> {
    static KEY: OnceLock<EcKey<Private>> = OnceLock::new();
    KEY.get_or_init(|| EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap())
}

/// A key as Apple hands it out.
pub(crate) fn p8() -> Vec<u8> {
    PKey::from_ec_key(key().clone()).unwrap().private_key_to_pem_pkcs8().unwrap()
}

/// A key on another curve.
pub(crate) fn other_key() -> Vec<u8> {
    let key = EcKey::generate(&EcGroup::from_curve_name(Nid::SECP384R1).unwrap()).unwrap();
    PKey::from_ec_key(key).unwrap().private_key_to_pem_pkcs8().unwrap()
}

/// The head and the claims of a token whose signature holds.
fn verified(authorization: &str) -> (Value, Value) {
    let token = authorization.strip_prefix("Bearer ").unwrap();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = signature.split_at(32);
    let number = |half| BigNum::from_slice(half).unwrap();
    let signature = EcdsaSig::from_private_components(number(r), number(s)).unwrap();
    assert!(signature.verify(&sha256(text.as_bytes()), key()).unwrap());
    let (header, claims) = text.split_once('.').unwrap();
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (json(header), json(claims))
}

async fn history(client: &AppStoreServerClient, page: Option<&str>) -> Result<HistoryPage, AppStoreServerError> {
    let from = at() - chrono::TimeDelta::days(1);
    client.notification_history(StoreEnvironment::Production, from, at(), page).await
}

fn fault(error: &AppStoreServerError) -> &ServerFault {
    error.source().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn a_request_carries_a_token_that_the_key_signed() {
    let stub = Stub::answering(vec![answer("200 OK", &json!({}))]);
    history(&stub.client(), None).await.unwrap();
    let (header, claims) = verified(&stub.asked().authorization);
    assert_eq!(header, json!({ "alg": "ES256", "kid": "ABC123DEFG", "typ": "JWT" }));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let issued = claims["iat"].as_u64().unwrap();
    assert!(now.abs_diff(issued) < 60, "{claims}");
    let expected = json!({
        "iss": "57246542-96fe-1a63-e053-0824d011072a",
        "iat": issued,
        "exp": issued + 300,
        "aud": "appstoreconnect-v1",
        "bid": BUNDLE_ID,
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn notifications_come_page_by_page() {
    let record = |text: &str| json!({ "signedPayload": text, "sendAttempts": [{ "sendAttemptResult": "NEW" }] });
    let first =
        json!({ "notificationHistory": [record("a"), record("b")], "hasMore": true, "paginationToken": "next/1=" });
    let last = json!({ "notificationHistory": [record("c")], "hasMore": false, "paginationToken": "unused" });
    let stub = Stub::answering(vec![answer("200 OK", &first), answer("200 OK", &last)]);
    let client = stub.client();
    let page = history(&client, None).await.unwrap();
    assert_eq!(page, HistoryPage { signed: vec!["a".to_owned(), "b".to_owned()], next: Some("next/1=".to_owned()) });
    let page = history(&client, page.next.as_deref()).await.unwrap();
    assert_eq!(page, HistoryPage { signed: vec!["c".to_owned()], next: None });

    let (one, two) = (stub.asked(), stub.asked());
    assert_eq!(one.line, "POST /inApps/v1/notifications/history HTTP/1.1");
    assert_eq!(two.line, "POST /inApps/v1/notifications/history?paginationToken=next%2F1%3D HTTP/1.1");
    let span = json!({ "startDate": 1_772_280_000_000_i64, "endDate": 1_772_366_400_000_i64 });
    for asked in [one, two] {
        assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), span);
    }
}

#[tokio::test]
async fn refunds_come_page_by_page() {
    let first = json!({ "signedTransactions": ["a", "b"], "hasMore": true, "revision": "1_2" });
    let last = json!({ "signedTransactions": [], "hasMore": false, "revision": "1_3" });
    let stub = Stub::answering(vec![answer("200 OK", &first), answer("200 OK", &last)]);
    let client = stub.client();
    let id = TransactionId::parse("20/01?x").unwrap();
    let page = client.refund_history(StoreEnvironment::Sandbox, &id, None).await.unwrap();
    assert_eq!(page, HistoryPage { signed: vec!["a".to_owned(), "b".to_owned()], next: Some("1_2".to_owned()) });
    let page = client.refund_history(StoreEnvironment::Sandbox, &id, page.next.as_deref()).await.unwrap();
    assert_eq!(page, HistoryPage::default());
    assert_eq!(stub.asked().line, "GET /inApps/v2/refund/lookup/20%2F01%3Fx HTTP/1.1");
    assert_eq!(stub.asked().line, "GET /inApps/v2/refund/lookup/20%2F01%3Fx?revision=1_2 HTTP/1.1");
}

#[tokio::test]
async fn a_refusal_is_an_error_with_its_numbers() {
    let too_often = "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1772366460000\r\n\
        Content-Length: 0\r\n\r\n";
    let unknown = json!({ "errorCode": 4_040_010, "errorMessage": "Transaction id not found." });
    let unauthorized = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 16\r\n\r\nUnauthenticated\n";
    let answers = vec![too_often.to_owned(), answer("404 Not Found", &unknown), unauthorized.to_owned()];
    let expected = [(429, None, Some(1_772_366_460_000)), (404, Some(4_040_010), None), (401, None, None)];
    let stub = Stub::answering(answers);
    let client = stub.client();
    for numbers in expected {
        let error = history(&client, None).await.unwrap_err();
        let ServerFault::Refused { status, code, retry_after } = fault(&error) else { panic!("{error:?}") };
        assert_eq!((*status, *code, *retry_after), numbers);
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\n\
        Content-Length: 0\r\n\r\n";
    let wrong = json!({ "notificationHistory": "none" });
    let cut = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n\r\n{";
    let stub = Stub::answering(vec![redirect.to_owned(), answer("200 OK", &wrong), cut.to_owned()]);
    let client = stub.client();
    let error = history(&client, None).await.unwrap_err();
    assert!(matches!(fault(&error), ServerFault::Refused { status: 302, .. }), "{error:?}");
    let error = history(&client, None).await.unwrap_err();
    assert!(matches!(fault(&error), ServerFault::Unreadable(_)), "{error:?}");
    let error = history(&client, None).await.unwrap_err();
    assert!(matches!(fault(&error), ServerFault::NoAnswer(_)), "{error:?}");
    // Nobody listens there any more.
    let error = history(&client, None).await.unwrap_err();
    assert!(matches!(fault(&error), ServerFault::NoAnswer(_)), "{error:?}");
    assert_eq!(error.code(), "app_store_unreachable");
}
