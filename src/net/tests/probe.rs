//! What `juicetop doctor` finds out, about labs of several ages.

use super::{old_bus::Publisher, *};
use crate::net::probe::{Finding, Part, Report, Wanted, probe};
use crate::wire::bus;

/// How much a lab knows.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Age {
    Oldest,
    Topics,
    Scheduler,
    Bus,
}

async fn lab(age: Age) -> String {
    serve(move |_, stream| async move {
        let mut start = [0; 16];
        while stream.peek(&mut start).await.unwrap() < start.len() {}
        if start.starts_with(b"GET /remote-sub") && age < Age::Bus {
            answer(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
            return;
        }
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/remote-sub" {
            ws.send(Message::binary(bus::encode("TemperaturePoint.cryo.v1.", "{}"))).await.unwrap();
            return idle(ws).await;
        }
        introduce(&mut ws, As::Router).await;
        while let Some(Ok(message)) = ws.next().await {
            let Message::Text(text) = message else { continue };
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(frame["metadata"]["show_in_dashboard"], false);
            assert_eq!(frame["metadata"]["parallel"], true);
            let result = match frame["type"].as_str().unwrap() {
                "GetEventTopicList" if age >= Age::Topics => serde_json::json!({"A.": "x", "B.": "y"}),
                "GetScheduledTask" if age >= Age::Scheduler => serde_json::json!(null),
                "Ping" if frame["target"] == "lab" => serde_json::json!("pong"),
                "Ping" => continue,
                other => {
                    let reply = serde_json::json!({"id": frame["id"], "status": "error", "ename": "ValueError",
                        "evalue": format!("Unknown task type: {other}"), "traceback": ""});
                    ws.send(Message::text(reply.to_string())).await.unwrap();
                    continue;
                }
            };
            let reply = serde_json::json!({"id": frame["id"], "status": "ok", "result": result});
            ws.send(Message::text(reply.to_string())).await.unwrap();
        }
    })
    .await
}

async fn look(url: &str) -> Report {
    look_with(Options { bus: Some("tcp://127.0.0.1:1".to_owned()), ..quick(url) }).await
}

async fn look_with(options: Options) -> Report {
    let wanted = Wanted {
        services: vec!["lab".into(), "gone".into()],
        ping: Duration::from_millis(300),
        first_event: Duration::from_millis(500),
        ..Wanted::default()
    };
    tokio::task::spawn_blocking(move || {
        probe(&options.endpoint.clone().unwrap(), &wanted, &options, Clock::start()).unwrap()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_current_lab_answers_everywhere() {
    let report = look(&lab(Age::Bus).await).await;
    let good: Vec<(String, bool)> =
        report.parts.iter().map(|(p, f)| (p.to_string(), matches!(f, Finding::Good { .. }))).collect();
    let expected = [
        ("name", true),
        ("connection", true),
        ("/tasks", true),
        ("task manager", true),
        ("topics", true),
        ("scheduler", true),
        ("bus", true),
        ("first message", true),
        ("service gone", false),
        ("service lab", true),
    ];
    assert_eq!(good, expected.map(|(p, g)| (p.to_owned(), g)), "{report:#?}");
    assert_eq!((report.at_least, report.older_than), (Some("26.34.1"), None));
    let detail = |part: Part| match report.parts.iter().find(|(p, _)| *p == part) {
        Some((_, Finding::Good { detail, .. })) => detail.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(detail(Part::Topics), "2 topics");
    assert_eq!(detail(Part::FirstEvent), "TemperaturePoint");
}

#[tokio::test]
async fn the_version_is_narrowed_down() {
    for (age, at_least, older_than) in [
        (Age::Oldest, None, Some("26.26.1")),
        (Age::Topics, Some("26.26.1"), Some("26.29.0")),
        (Age::Scheduler, Some("26.29.0"), Some("26.34.1")),
    ] {
        let report = look(&lab(age).await).await;
        assert_eq!((report.at_least, report.older_than), (at_least, older_than), "{report:#?}");
        assert!(!report.is_good());
    }
}

#[tokio::test]
async fn the_bus_of_an_older_lab_is_asked_where_it_is() {
    let publisher = Publisher::start().await;
    let url = lab(Age::Scheduler).await;
    let options = Options { bus: Some(publisher.url.clone()), ..quick(&url) };
    let sent = publisher.publishes("ThrottleStateEvent.", "{}");
    let report = look_with(options).await;
    sent.abort();
    let part =
        |wanted: Part| report.parts.iter().find(|(part, _)| *part == wanted).map(|(_, found)| found.clone());
    assert!(matches!(part(Part::Bus), Some(Finding::Missing { .. })), "{report:#?}");
    assert!(
        matches!(part(Part::OldBus), Some(Finding::Good { detail, .. }) if detail == publisher.url),
        "{report:#?}"
    );
    assert!(matches!(part(Part::FirstEvent), Some(Finding::Good { .. })), "{report:#?}");
}

#[tokio::test]
async fn what_cannot_be_reached_is_one_bad_part() {
    let report = look("ws://127.0.0.1:1").await;
    let parts: Vec<Part> = report.parts.iter().map(|(p, _)| p.clone()).collect();
    assert_eq!(parts, [Part::Name, Part::Tcp], "{report:#?}");
    assert!(matches!(&report.parts[1].1, Finding::Bad(p) if p.kind == ProblemKind::Unreachable));
    assert!(matches!(&look("ws://[").await.parts[..], [(Part::Name, Finding::Bad(_))]));
}
