//! What answers where a lab was expected, and what is said about it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::*;

fn page(status: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}Content-Length: 5\r\nConnection: close\r\n\r\nhello")
}

/// Everything answers like this.
async fn web(status: &'static str, more: &'static str) -> String {
    serve(move |_, stream| async move {
        answer(stream, &page(status, more)).await;
    })
    .await
}

/// `/remote-sub` is missing; `/tasks` belongs to that role.
pub(super) async fn without_bus(role: As) -> String {
    serve(move |_, stream| async move {
        let mut start = [0; 16];
        while stream.peek(&mut start).await.unwrap() < start.len() {}
        if start.starts_with(b"GET /tasks ") {
            let (mut ws, _) = upgrade(stream).await;
            introduce(&mut ws, role).await;
            return idle(ws).await;
        }
        answer(stream, &page("404 Not Found", "")).await;
    })
    .await
}

async fn first(url: &str, line: Line) -> (Problem, bool) {
    Client::start(quick(url)).down(line).await
}

#[tokio::test]
async fn an_older_juice_is_told_apart_and_its_tasks_work_without_its_bus() {
    let url = without_bus(As::Router).await;
    let mut client = Client::start(Options { bus: Some("tcp://127.0.0.1:1".to_owned()), ..quick(&url) });
    let (mut old, mut live) = (None, false);
    client
        .until("both", |e| {
            match e {
                Event::Link { line: Line::Bus, state: LinkState::Waiting { problem, .. } } => {
                    old = Some(problem.clone());
                }
                Event::Link { line: Line::Router, state: LinkState::Live } => live = true,
                _ => {}
            }
            (old.is_some() && live).then_some(())
        })
        .await;
    let old = old.unwrap();
    assert_eq!(old.kind, ProblemKind::TooOld);
    assert!(old.what.contains("26.34.1") && old.what.contains(&url), "{old:?}");
    assert!(old.what.contains("its bus at 127.0.0.1:1 is not reached: connection refused"), "{old:?}");
}

#[tokio::test]
async fn a_services_own_port_is_named_as_such_and_nothing_can_be_sent_there() {
    let url = without_bus(As::Service).await;
    for line in [Line::Bus, Line::Router] {
        let (problem, again) = first(&url, line.clone()).await;
        assert!(again && problem.kind == ProblemKind::ServicePort, "{line:?} {problem:?}");
        assert!(problem.what.contains(&url) && problem.remedy.contains("--service NAME="), "{problem:?}");
    }
    let mut client = Client::start(quick(&url));
    client.down(Line::Router).await;
    client.send(Line::Router, "a", "{}");
    assert!(client.unsent("a").await.contains("own port"));
}

#[tokio::test]
async fn who_answers_the_question_late_is_believed_late() {
    for (role, goes) in [(As::Router, true), (As::Service, false)] {
        let url = serve(move |_, stream| async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/remote-sub" {
                return idle(ws).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            introduce(&mut ws, role).await;
            ws.send(Message::text(r#"{"id": "a", "status": "ok"}"#)).await.unwrap();
            idle(ws).await;
        })
        .await;
        let options = Options { identify_timeout: Duration::from_millis(20), ..quick(&url) };
        let mut client = Client::start(options);
        client.live(Line::Router).await;
        if goes {
            let id = client.until("reply", |e| match e {
                Event::Reply { reply, .. } => Some(reply.id.clone()),
                _ => None,
            });
            assert_eq!(id.await.as_deref(), Some("a"));
        } else {
            assert_eq!(client.down(Line::Router).await.0.kind, ProblemKind::ServicePort);
        }
    }
}

#[tokio::test]
async fn a_router_is_no_service() {
    let url = without_bus(As::Router).await;
    let alone = vec![("lab".into(), url.clone())];
    let mut client = Client::start(Options { endpoint: None, alone, ..quick(&url) });
    let (problem, again) = client.down(Line::Service("lab".into())).await;
    assert!(!again && problem.remedy.contains("--url"), "{problem:?}");
}

#[tokio::test]
async fn answers_of_web_servers_have_their_meanings() {
    for (status, more, kind, again, says) in [
        ("404 Not Found", "", ProblemKind::NotJuice, true, "no Juice"),
        ("401 Unauthorized", "", ProblemKind::Refused, true, "401"),
        ("403 Forbidden", "", ProblemKind::Refused, true, "403"),
        ("302 Found", "Location: /login\r\n", ProblemKind::Redirected, false, "/login"),
        ("400 Bad Request", "", ProblemKind::NotJuice, true, "400"),
        ("502 Bad Gateway", "", ProblemKind::ServerError, true, "502"),
        ("503 Service Unavailable", "", ProblemKind::ServerError, true, "503"),
        ("200 OK", "", ProblemKind::NotJuice, true, "200"),
    ] {
        let url = web(status, more).await;
        let (problem, waits) = first(&url, Line::Bus).await;
        assert_eq!((problem.kind, waits), (kind, again), "{status}: {problem:?}");
        assert!(problem.what.contains(says) && problem.what.contains(&url), "{status}: {problem:?}");
        assert!(!problem.remedy.is_empty(), "{status}: {problem:?}");
    }
}

#[tokio::test]
async fn answers_of_web_servers_where_an_edge_was_expected_have_their_meanings() {
    // Case C09: of the hub only a refused token is looked at again by itself, and what passes by itself.
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    std::fs::write(&token_file, "t").unwrap();
    for (status, more, kind, again, remedy) in [
        ("404 Not Found", "", ProblemKind::NotJuice, false, "base path"),
        ("302 Found", "Location: /hub/login\r\n", ProblemKind::Redirected, false, "base path"),
        ("400 Bad Request", "", ProblemKind::NotJuice, false, "proxy"),
        ("200 OK", "", ProblemKind::NotJuice, false, "web server"),
        ("401 Unauthorized", "", ProblemKind::Refused, true, "token file"),
        ("403 Forbidden", "", ProblemKind::Refused, true, "token file"),
        ("502 Bad Gateway", "", ProblemKind::ServerError, true, "not (yet)"),
        ("503 Service Unavailable", "", ProblemKind::ServerError, true, "not (yet)"),
    ] {
        let base = web(status, more).await.replace("ws://", "http://");
        let endpoint = Some(Endpoint::Edge { base: base.clone(), token_file: token_file.clone() });
        let (problem, waits) = Client::start(Options { endpoint, ..quick("") }).down(Line::Bus).await;
        assert_eq!((problem.kind, waits), (kind, again), "{status}: {problem:?}");
        let address = base.replace("http://", "");
        assert!(problem.what.contains(&format!("{address}/hub/sub")), "{status}: {problem:?}");
        assert!(problem.what.contains(&status[..3]), "{status}: {problem:?}");
        assert!(problem.remedy.contains(remedy), "{status}: {problem:?}");
    }
}

#[tokio::test]
async fn a_base_path_stands_before_both_paths_and_a_wrong_one_is_named() {
    let url = serve(|_, stream| async move {
        let mut start = [0; 26];
        while stream.peek(&mut start).await.unwrap() < start.len() {}
        match &start {
            b"GET /a/lab1/remote-sub HTT" => idle(upgrade(stream).await.0).await,
            start if start.starts_with(b"GET /a/lab1/tasks ") => {
                let (mut ws, _) = upgrade(stream).await;
                introduce(&mut ws, As::Router).await;
                idle(ws).await;
            }
            _ => {
                answer(stream, &page("404 Not Found", "")).await;
            }
        }
    })
    .await;
    for base in ["/a/lab1", "/a/lab1/"] {
        for line in [Line::Bus, Line::Router] {
            Client::start(quick(&format!("{url}{base}"))).live(line).await;
        }
    }
    for (base, remedy) in [("/lab1/a", "base path /lab1/a right"), ("", "ws://HOST/PATH/")] {
        let (problem, again) = first(&format!("{url}{base}"), Line::Bus).await;
        assert!(again && problem.kind == ProblemKind::NotJuice, "{problem:?}");
        assert!(
            problem.what.contains(&format!("{url}{base} ")) && problem.remedy.contains(remedy),
            "{problem:?}"
        );
    }
}

#[tokio::test]
async fn other_protocols_are_no_juice() {
    for greeting in ["SSH-2.0-OpenSSH_9.6\r\n", "\u{0}\u{1}\u{2}\u{3}garbage\r\n\r\n", "+OK ready\r\n"] {
        let url = serve(move |_, stream| async move {
            answer(stream, greeting).await;
        })
        .await;
        let (problem, again) = first(&url, Line::Bus).await;
        assert!(again && problem.kind == ProblemKind::NotJuice, "{greeting:?}: {problem:?}");
    }
}

#[tokio::test]
async fn a_tunnel_without_a_far_end_and_a_mute_server_are_unreachable() {
    let url = serve(|_, stream| async move { drop(stream) }).await;
    let (problem, again) = first(&url, Line::Bus).await;
    assert!(
        again && problem.kind == ProblemKind::Unreachable && problem.remedy.contains("tunnel"),
        "{problem:?}"
    );

    let url = serve(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let options = Options { connect_timeout: Duration::from_millis(200), ..quick(&url) };
    let (problem, again) = Client::start(options).down(Line::Bus).await;
    assert!(
        again && problem.kind == ProblemKind::Unreachable && problem.what.contains("answer"),
        "{problem:?}"
    );
}

#[tokio::test]
async fn names_that_nobody_knows_and_addresses_that_none_can_be() {
    let (problem, again) = first("ws://juice-task-manager.invalid:5124", Line::Bus).await;
    assert!(
        again && problem.kind == ProblemKind::Unreachable && problem.remedy.contains("tunnel"),
        "{problem:?}"
    );
    for line in [Line::Bus, Line::Router] {
        let (problem, again) = first("ws://[", line).await;
        assert!(!again && problem.kind == ProblemKind::BadAddress, "{problem:?}");
    }
}

#[tokio::test]
async fn who_is_stopped_tries_again_when_asked() {
    let url = web("302 Found", "Location: /login\r\n").await;
    let mut client = Client::start(quick(&url));
    assert!(!client.down(Line::Bus).await.1);
    client.net.commands.send(Command::Retry).unwrap();
    let attempt = client
        .until("another try", |e| match e {
            Event::Link { line: Line::Bus, state: LinkState::Connecting { attempt } } => Some(*attempt),
            _ => None,
        })
        .await;
    assert_eq!(attempt, 2);
}

/// An edge under `/jupyter` that knows one token.
async fn hub() -> String {
    serve(|_, stream| async move {
        let mut head = vec![0; 4096];
        loop {
            let n = stream.peek(&mut head).await.unwrap();
            if head[..n].ends_with(b"\r\n\r\n") {
                head.truncate(n);
                break;
            }
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("GET /jupyter/hub/sub HTTP/1.1\r\n"), "{head}");
        if head.to_lowercase().contains("x-juice-edge-token: right\r\n") {
            let (mut ws, _) = upgrade(stream).await;
            ws.send(Message::binary(case("bus_good.bin"))).await.unwrap();
            return idle(ws).await;
        }
        answer(stream, &page("403 Forbidden", "")).await;
    })
    .await
}

#[tokio::test]
async fn an_edge_is_watched_with_its_token_and_a_new_one_counts_at_once() {
    let base = hub().await.replace("ws://", "http://") + "/jupyter/";
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    std::fs::write(&token_file, "s3cret\n").unwrap();
    let endpoint = Some(Endpoint::Edge { base, token_file: token_file.clone() });
    // No pause ends by itself here.
    let hour = Duration::from_secs(3600);
    let mut client = Client::start(Options { endpoint, slow_retry: hour, ..quick("") });
    let (problem, again) = client.down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Refused, "{problem:?}");
    assert!(problem.what.contains(token_file.to_str().unwrap()), "{problem:?}");
    assert!(problem.what.contains("403") && !format!("{problem:?}").contains("s3cret"), "{problem:?}");
    std::fs::write(&token_file, "right\n").unwrap();
    client.until("event", |e| matches!(e, Event::Bus(BusEvent::Task(_))).then_some(())).await;
    client.send(Line::Router, "a", "{}");
    assert!(client.unsent("a").await.contains("edge"));
}

#[tokio::test]
async fn a_wrong_base_path_is_not_tried_for_ever() {
    let base = web("404 Not Found", "").await.replace("ws://", "http://");
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    std::fs::write(&token_file, "t").unwrap();
    let endpoint = Some(Endpoint::Edge { base: base.clone(), token_file });
    let (problem, again) = Client::start(Options { endpoint, ..quick("") }).down(Line::Bus).await;
    assert!(!again && problem.kind == ProblemKind::NotJuice, "{problem:?}");
    assert!(problem.what.contains("/hub/sub") && problem.remedy.contains("base path"), "{problem:?}");

    let endpoint = Some(Endpoint::Edge { base, token_file: dir.path().join("none") });
    let (problem, again) = Client::start(Options { endpoint, ..quick("") }).down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Refused && problem.what.contains("none"), "{problem:?}");
}

/// How long the pauses are that follow one another, each ended at once; and how many tries the server got by then.
async fn pauses(url: &str, options: Options, count: usize, tries: &AtomicUsize) -> Vec<Duration> {
    let clock = Clock::start();
    let (net, events) = start(Options { endpoint: quick(url).endpoint, ..options }, clock).unwrap();
    let mut client = Client { net, events };
    let mut pauses = Vec::new();
    while pauses.len() < count {
        let until = client.until("a pause", |e| match e {
            Event::Link { line: Line::Bus, state: LinkState::Waiting { until, .. } } => Some(*until),
            _ => None,
        });
        pauses.push(until.await.saturating_sub(clock.now().mono));
        assert_eq!(tries.load(Ordering::SeqCst), pauses.len(), "one try a pause");
        client.net.commands.send(Command::Retry).unwrap();
    }
    pauses
}

/// A lab that counts the tries of its bus, and serves each with `bus` after the upgrade.
async fn counted<F, Fut>(bus: F) -> (String, Arc<AtomicUsize>)
where
    F: Fn(usize, Ws) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let tries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tries);
    let url = serve(move |_, stream| {
        let (bus, counter) = (bus.clone(), Arc::clone(&counter));
        async move {
            let (ws, request) = upgrade(stream).await;
            if request.uri().path() == "/remote-sub" {
                bus(counter.fetch_add(1, Ordering::SeqCst), ws).await;
            } else {
                idle(ws).await;
            }
        }
    })
    .await;
    (url, tries)
}

#[tokio::test]
async fn pauses_grow_with_a_server_that_drops_every_connection_at_once_and_begin_anew_after_one_that_held() {
    let held = Duration::from_millis(600);
    let (url, tries) = counted(move |n, ws| async move {
        if n == 4 {
            let _ = timeout(2 * held, idle(ws)).await;
        }
    })
    .await;
    // So long that no pause ends by itself, and that a slow machine does not matter.
    let (first_backoff, max_backoff) = (Duration::from_secs(100), Duration::from_secs(1000));
    let options = Options { stable: held, first_backoff, max_backoff, ..Options::default() };
    let pauses = pauses(&url, options, 6, &tries).await;
    let seconds: Vec<u64> = pauses.iter().map(Duration::as_secs).collect();
    let expected = [100, 200, 400, 800, 100, 100];
    for (n, (is, full)) in seconds.iter().zip(expected).enumerate() {
        // A quarter is chance; the fifth connection held, the sixth did not.
        assert!((full * 7 / 10..=full).contains(is), "{n}: {seconds:?}");
    }
}

#[tokio::test]
async fn what_a_person_has_to_change_is_tried_once_a_minute_and_what_would_be_answered_the_same_not_at_all() {
    let minute = Duration::from_secs(60);
    for status in ["403 Forbidden", "401 Unauthorized", "404 Not Found", "200 OK"] {
        let url = web(status, "").await;
        let clock = Clock::start();
        let (net, events) =
            start(Options { endpoint: quick(&url).endpoint, ..Options::default() }, clock).unwrap();
        let mut client = Client { net, events };
        for _ in 0..3 {
            let until = client.until("a pause", |e| match e {
                Event::Link { line: Line::Bus, state: LinkState::Waiting { until, .. } } => Some(*until),
                _ => None,
            });
            let pause = until.await.saturating_sub(clock.now().mono);
            assert!(pause <= minute && pause > minute.mul_f64(0.9), "{status}: {pause:?}");
            client.net.commands.send(Command::Retry).unwrap();
        }
    }
    // A refused token at an edge, with the times that a lab has: one try, whatever time passes here.
    let tries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tries);
    let edge = serve(move |_, stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            answer(stream, &page("403 Forbidden", "")).await;
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    std::fs::write(&token_file, "s3cret").unwrap();
    let endpoint = Some(Endpoint::Edge { base: edge.replace("ws://", "http://"), token_file });
    let token_check = Duration::from_millis(10);
    let mut client = Client::start(Options { endpoint, token_check, ..Options::default() });
    assert!(client.down(Line::Bus).await.1);
    // The token file is looked at again and again meanwhile, and is as it was.
    assert!(timeout(Duration::from_millis(500), client.events.recv()).await.is_err());
    assert_eq!(tries.load(Ordering::SeqCst), 1);
}
