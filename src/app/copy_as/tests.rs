use super::*;
use crate::{
    catalogue::sweep::{Combine, Pattern, Plan, Sweep, Values, mark, put},
    time::Now,
    wire::name,
};

fn source(payload: &str) -> Source {
    let mut task_type = TaskType::unheard("MeasureT1".into());
    task_type.hidden_fields = vec!["parallel".to_owned()];
    Source {
        frame: TaskFrame {
            id: "i".into(),
            target: "qubits".into(),
            task_type: "MeasureT1".into(),
            parallel: false,
            display_name: name::display_name_with("MeasureT1", payload, &[], &|_| name::Numbers::default())
                .as_str()
                .into(),
            show_in_dashboard: true,
            payload: payload.into(),
        },
        way: Way::Scheduled(None),
        task_type,
        place: Vec::new(),
        group: None,
    }
}

#[test]
fn the_command_is_short_where_it_can_be() {
    let now = Now::at(0.0).utc;
    let text = |payload: &str| command(&source(payload), now).unwrap();
    assert_eq!(
        text(r#"{"qubit": "q3", "averages": 2000, "note": null, "cutoff": 1e-9}"#),
        "juicetop submit --sequential --scheduled qubits MeasureT1 qubit=q3 averages=2000 note=null cutoff=1e-9\n"
    );
    assert_eq!(
        text(r#"{"a": "1", "b": "it's", "c": "True", "d": {"x": [1, 2]}}"#),
        "juicetop submit --sequential --scheduled qubits MeasureT1 'a=\"1\"' \"b=it's\" 'c=\"True\"' 'd={\"x\":[1,2]}'\n"
    );
    assert!(text(r#"{"a=b": 1}"#).starts_with(r#"printf %s '{"a=b": 1}' | juicetop submit "#));
    assert!(text(r#"{"a": 1, "a": 2}"#).starts_with("printf"));
    assert!(text(&format!("{{\"a\": \"{}\"}}", "x".repeat(3000))).starts_with("printf"));
}

#[test]
fn python_has_its_own_words() {
    let now = Now::at(0.0).utc;
    let mut s =
        source(r#"{"qubit": "q3", "n": 1e-9, "big": 1208925819614629174706176, "no": null, "on": true}"#);
    s.task_type.module = Some("lab.tasks".into());
    s.way = Way::Direct;
    assert_eq!(
        python(&s, now),
        "from orangeqs import juice\nfrom lab.tasks import MeasureT1\n\nclient = juice.Client()\ntask = \
         MeasureT1(qubit=\"q3\", n=1e-9, big=1208925819614629174706176, no=None, on=True)\nresult = await client.execute(\"qubits\", task, check=True)\nprint(result.result)\n"
    );
    s.frame.payload =
        r#"{"x": NaN, "l": [-Infinity, "\ud800\u001b\u202eü\"\n"], "class": {"k": false}}"#.into();
    let text = python(&s, now);
    assert!(text.contains(r#""x": float("nan")"#), "{text}");
    assert!(!text.contains("ser_json_inf_nan"), "{text}");
    assert!(text.contains(r#"[float("-inf"), "\ud800\x1b\u202eü\"\n"]"#), "{text}");
    assert!(
        text.contains(r#"MeasureT1.model_validate({"#) && text.contains(r#""class": {"k": False}"#),
        "{text}"
    );
    s.task_type.module = None;
    let text = python(&s, now);
    assert!(
        text.contains(r#"MeasureT1(Task, extra="allow", ser_json_inf_nan="constants"):"#),
        "infinite numbers arrive as such: {text}"
    );
    s.frame.payload = r#"{"x": "float(\""}"#.into();
    assert!(python(&s, now).contains(r#"MeasureT1(Task, extra="allow"):"#));
    let at = DateTime::parse_from_rfc3339("2026-11-25T06:00:00+01:00").unwrap();
    s.way = Way::Scheduled(Some(at));
    assert!(python(&s, now).contains("run_at=datetime.fromisoformat(\"2026-11-25T06:00:00+01:00\")"));
    assert!(command(&s, now).unwrap().contains("--at 2026-11-25T06:00:00+01:00"));
    // What is over cannot be asked for again.
    assert!(!command(&s, at.to_utc()).unwrap().contains("--at"));
}

#[test]
fn secrets_are_masked_until_somebody_asks() {
    let clear = source(r#"{"user": "me", "password": "hush"}"#);
    let masked = source(r#"{"user": "me", "password": "SECRET"}"#);
    let mut copy = CopyAs::new(clear, Some(masked));
    for selected in 0..Kinds::TASK.len() {
        copy.selected = selected;
        copy.clear = false;
        assert!(!copy.text(Now::at(0.0).utc).unwrap().contains("hush"));
        assert!(copy.notes()[0].contains("SECRET"));
        copy.clear = true;
        assert!(copy.text(Now::at(0.0).utc).unwrap().contains("hush"));
    }
    assert_eq!(copy.file(), "MeasureT1.json");
}

/// Two fields of `payload` run through values.
fn several(payload: &str, axes: &[(&str, &str)], combine: Combine, first_alone: bool) -> Source {
    let mut open = payload.to_owned();
    let mut read = Vec::new();
    for (number, (name, values)) in axes.iter().enumerate() {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        open = put(&open, &path, &mark(number)).unwrap();
        read.push(((*name).to_owned(), Sweep::read(values, Values::Any).unwrap()));
    }
    let mut s = source(payload);
    s.task_type.module = Some("lab.tasks".into());
    let batch = Batch {
        task_type: s.task_type.clone(),
        target: s.frame.target.clone(),
        parallel: false,
        payload: Pattern::read(&open, axes.len()).unwrap(),
        masked: None,
        made: None,
        plan: Plan::new(read, combine).unwrap(),
        name: "some".into(),
        tag: "1234".into(),
        run_at: None,
        first_alone,
    };
    let typed = axes.iter().map(|(_, values)| (*values).to_owned()).collect();
    s.group = Some(Group { batch, typed, python: None });
    s
}

#[test]
fn a_group_is_a_loop_in_python() {
    let now = Now::at(0.0).utc;
    let payload = r#"{"qubit": "q1", "sweep": {"points": 3, "task": 1}}"#;
    let s = several(payload, &[("qubit", "q1, q2"), ("sweep.task", "1:2:2")], Combine::Multiply, true);
    insta::assert_snapshot!("group", python(&s, now));
    let s = several(payload, &[("qubit", "q1, q2"), ("sweep.points", "5, 6")], Combine::Zip, false);
    insta::assert_snapshot!("group_zip", python(&s, now));
    assert_eq!(
        command(&s, now).unwrap(),
        "juicetop submit --sequential --zip --group some --sweep qubit=q1,q2 --sweep sweep.points=5,6 qubits MeasureT1 \
         qubit=q1 'sweep={\"points\":5,\"task\":1}'\n"
    );
}

#[test]
fn values_that_no_shell_can_hand_over_are_no_command_but_python_all_the_same() {
    let now = Now::at(0.0).utc;
    let payload = r#"{"qubit": "q1", "points": 1}"#;
    let list = |bytes: usize| format!("\"{}\", 2", "x".repeat(bytes));
    let fits = several(payload, &[("qubit", &list(120 * 1024))], Combine::Multiply, false);
    assert!(command(&fits, now).unwrap().contains("--payload -"), "the payload goes through a pipe");
    let long = several(payload, &[("qubit", &list(128 * 1024))], Combine::Multiply, false);
    let why = command(&long, now).unwrap_err();
    assert!(why.starts_with("`qubit=") && why.contains("128 KiB an argument; Python carries it"), "{why}");
    assert!(python(&long, now).contains(&"x".repeat(128 * 1024)));
    // Each is short enough, and all together are not.
    let names: Vec<String> = (0..10).map(|n| format!("f{n}")).collect();
    let fields: Vec<String> = names.iter().map(|name| format!("\"{name}\": 1")).collect();
    let payload = format!("{{{}}}", fields.join(", "));
    let list = list(120 * 1024);
    let axes: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), list.as_str())).collect();
    let many = several(&payload, &axes, Combine::Zip, false);
    assert!(command(&many, now).unwrap_err().contains("too much for a shell"));
}

#[test]
fn python_says_what_becomes_of_a_secret_str() {
    let mut clear = source(r#"{"user": "me", "token": "hush"}"#);
    let masked = source(r#"{"user": "me", "token": "SECRET"}"#);
    let told = |source: &Source| {
        let copy = CopyAs { selected: 1, ..CopyAs::new(source.clone(), Some(masked.clone())) };
        copy.notes().iter().any(|note| note.contains("asterisks"))
    };
    assert!(!told(&clear), "a class of the same name keeps it as plain text");
    clear.task_type.module = Some("lab.tasks".into());
    assert!(!told(&clear), "hidden by its name, and plain text");
    let token = r#"{"type": "string", "format": "password", "writeOnly": true}"#;
    clear.task_type.schema =
        Some(format!(r#"{{"type": "object", "properties": {{"token": {token}}}}}"#).into());
    assert!(told(&clear));
}
