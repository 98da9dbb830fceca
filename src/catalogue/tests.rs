//! What pydantic really answered (`tests/cases/schema_*`), a real catalogue, and properties.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::wire::json;

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn task_of(schema: &str) -> TaskType {
    TaskType {
        name: "T".into(),
        class: "T".into(),
        module: None,
        services: Vec::new(),
        source: Source::Builtin,
        parallel: false,
        show_in_dashboard: true,
        hidden_fields: Vec::new(),
        doc: None,
        schema: Some(schema.into()),
        schema_error: None,
        ipython: false,
        code: None,
        own_name: false,
    }
}

fn errors(task: &TaskType, payload: &str) -> Vec<String> {
    let all = check(task, payload);
    let errors = all.into_iter().filter(|problem| problem.level == Level::Error);
    errors.map(|problem| format!("{}: {}", problem.path, problem.what)).collect()
}

fn classes<'a>(types: &[&'a TaskType]) -> Vec<&'a str> {
    types.iter().map(|task| &*task.class).collect()
}

fn lab() -> Catalogue {
    let mut catalogue = Catalogue::new();
    assert_eq!(catalogue.add_file("/lab/types.json", &case("catalogue-sample.json")), []);
    catalogue
}

/// Name, accepted and refused payloads with pydantic's words.
type Sample = (String, TaskType, Vec<String>, Vec<(String, String)>);

fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".samples.json") else { continue };
        let json: serde_json::Value = serde_json::from_str(&case(&file)).unwrap();
        let texts = |key: &str, field: &str| -> Vec<String> {
            let list = json[key].as_array().cloned().unwrap_or_default();
            list.iter().map(|sample| sample[field].as_str().unwrap_or_default().to_owned()).collect()
        };
        let refused = texts("refuses", "payload_text").into_iter().zip(texts("refuses", "evalue")).collect();
        let task = task_of(&case(&format!("{name}.json")));
        out.push((name.to_owned(), task, texts("accepts", "payload_text"), refused));
    }
    assert!(out.len() >= 15);
    out
}

#[test]
fn nothing_that_pydantic_takes_is_an_error() {
    for (name, task, accepted, _) in samples() {
        for payload in accepted {
            assert_eq!(errors(&task, &payload), [""; 0], "{name}: {payload}");
        }
    }
}

#[test]
fn what_pydantic_refuses_is_found_where_it_says() {
    let (mut found, mut all) = (0, 0);
    for (_, task, _, refused) in samples() {
        for (payload, evalue) in refused {
            let told = evalue.lines().nth(1).unwrap_or_default();
            all += 1;
            if check(&task, &payload).iter().any(|problem| told == problem.path) {
                found += 1;
            }
        }
    }
    assert!(found * 10 >= all * 5, "{found} of {all}");
}

#[test]
fn kinds_of_services_have_their_types() {
    let mut catalogue = Catalogue::new();
    let basics = ["Ping", "SleepSync", "SleepAsync", "RebuildEnvironmentDryRun"];
    assert_eq!(classes(&catalogue.types_for("whoever")), basics);
    assert_eq!(catalogue.types_for("task-manager").len(), 9);
    catalogue.saw_kernel("lab");
    assert_eq!(classes(&catalogue.types_for("lab"))[..2], ["RawIPython", "AsyncSleepIPython"]);
    let fridge = ServiceKind::of_entrypoint("orangeqs.juice.fridge._service:FridgeService");
    catalogue.set_kind("cryo", fridge);
    catalogue.saw_kernel("cryo");
    let types = catalogue.types_for("cryo");
    assert_eq!(types.len(), 17 + 2 + 4);
    assert!(types.iter().all(|task| task.source == Source::Builtin && task.schema.is_some()));
    assert_eq!(catalogue.find("cryo", "OpenGHSValve").map(|task| task.parallel), Some(true));
    assert_eq!(catalogue.find("whoever", "OpenGHSValve"), None);
    assert!(!catalogue.find("task-manager", "ScheduleTask").unwrap().show_in_dashboard);
}

#[test]
fn files_name_the_labs_own_types() {
    let catalogue = lab();
    let types = catalogue.types_for("fridge");
    assert_eq!((types.len(), &*types[0].class), (18, "MeasureT1"));
    assert_eq!(classes(&types)[14..], ["Ping", "SleepSync", "SleepAsync", "RebuildEnvironmentDryRun"]);
    assert_eq!(types[0].hidden_fields, ["parallel", "secret"]);
    let file = Source::File { path: "/lab/types.json".into(), juice: Some("26.43.0".into()), at: None };
    assert_eq!(types[0].source, file);
    assert_eq!(catalogue.kind("cryo"), ServiceKind::Fridge);
    assert_eq!(classes(&catalogue.types_for("lab"))[..2], ["RawIPython", "AsyncSleepIPython"]);
    let schema = types[0].schema.as_deref().unwrap();
    assert_eq!(float_fields(schema), ["seconds"]);
    let numbers = types[0].numbers();
    assert_eq!((numbers.get("averages"), numbers.get("sweep")), (Some(&Numbers::Int), None));
}

#[test]
fn a_file_read_again_replaces_itself() {
    let mut catalogue = lab();
    let text =
        case("catalogue-sample.json").replace("Measure the relaxation", "Newer: measure the relaxation");
    let text = text.replace("\"import_s\": 0.007", "\"error\": \"SystemExit: no license\"");
    catalogue.add_file("/lab/types.json", &text);
    let types = catalogue.types_for("fridge");
    assert_eq!(types.len(), 18);
    assert!(types[0].doc.as_deref().unwrap().starts_with("Newer"));
    assert_eq!(
        catalogue.errors("fridge").collect::<Vec<_>>(),
        [("/lab/types.json", "SystemExit: no license")]
    );
    catalogue.add_file(
        "/other.json",
        r#"{"services": {"fridge": {"tasks": {":Wait": "x"}}}, "tasks": [{"type": "Wait"}]}"#,
    );
    let types = catalogue.types_for("fridge");
    let wait = types.iter().find(|task| &*task.class == "Wait").unwrap();
    assert_eq!((types.len(), &wait.schema), (18, &None));
    assert_eq!(catalogue.errors("fridge").count(), 1);
}

#[test]
fn seen_types_fill_the_gaps() {
    let mut catalogue = lab();
    let seen = |task_type: &str, class: &str| Seen {
        task_type: task_type.into(),
        class: class.into(),
        parallel: true,
        hidden_fields: vec!["x".into()],
        payload: None,
        at: None,
    };
    let types = vec![
        seen("New", "New"),
        seen("MeasureT1", "MeasureT1"),
        seen("IPythonTask", "Mine"),
        seen("Ping", "Ping"),
    ];
    catalogue.set_seen("other", types);
    let types = catalogue.types_for("other");
    assert_eq!(classes(&types)[..3], ["New", "MeasureT1", "Mine"]);
    let by_class = |class: &str| types.iter().find(|task| &*task.class == class).unwrap();
    assert!(by_class("MeasureT1").schema.is_some());
    assert_eq!(
        (by_class("New").source.clone(), by_class("New").hidden_fields.as_slice()),
        (Source::Seen { at: None }, &["x".to_owned()][..])
    );
    assert_eq!((by_class("Mine").ipython, by_class("Mine").code), (true, Some(Code::Computed)));
    assert_eq!(types.iter().filter(|task| &*task.class == "Ping").count(), 1);
    assert_eq!(catalogue.find("other", "Mine").map(|task| &*task.name), Some("IPythonTask"));
}

#[test]
fn the_newest_word_of_files_and_kernels_counts() {
    let day = |day: i64| DateTime::<Utc>::from_timestamp(1_795_000_000 + day * 86_400, 0).unwrap();
    let told = |doc: &str, name: &str| {
        format!(
            r#"{{"juice": "26.43.0", "services": {{"{name}": {{"kind": "ipython", "tasks": {{"m:Fit": "handler"}}}}}},
            "tasks": [{{"type": "Fit", "class": "Fit", "module": "m", "doc": "{doc}"}}]}}"#
        )
    };
    let mut catalogue = Catalogue::new();
    let doc = |catalogue: &Catalogue| {
        let fit = catalogue.find("lab", "Fit").unwrap();
        (fit.doc.as_deref().unwrap().to_owned(), fit.source.word())
    };
    assert_eq!(catalogue.add_dated_file("/b.json", &told("file of day 2", "lab"), Some(day(2))), []);
    assert_eq!(doc(&catalogue), ("file of day 2".to_owned(), "file"));
    // The kernel calls itself what it likes: it speaks for the service that was asked.
    assert_eq!(catalogue.add_kernel("lab", &told("kernel of day 1", "someone"), day(1)), Ok(1));
    assert_eq!(doc(&catalogue).0, "file of day 2", "an older word");
    assert_eq!(catalogue.find("someone", "Fit"), None);
    assert_eq!(catalogue.add_kernel("lab", &told("kernel of day 3", "lab"), day(3)), Ok(1));
    assert_eq!(doc(&catalogue), ("kernel of day 3".to_owned(), "kernel"));
    assert_eq!(catalogue.kind("lab"), ServiceKind::IPython);
    // A file without a date is the oldest.
    catalogue.add_file("/a.json", &told("undated", "lab"));
    assert_eq!(doc(&catalogue).0, "kernel of day 3");
    assert_eq!(classes(&catalogue.types_for("lab")).iter().filter(|class| **class == "Fit").count(), 1);
    // A kernel's new answer replaces its old one.
    let none = r#"{"services": {"lab": {}}, "tasks": []}"#;
    assert_eq!(catalogue.add_kernel("lab", none, day(4)), Ok(0));
    assert_eq!(doc(&catalogue).0, "file of day 2");
    catalogue.forget_file("/b.json");
    assert_eq!(doc(&catalogue).0, "undated");
    assert_eq!(catalogue.files(), [Text::from("/a.json")]);
    for bad in ["", "[]", "3", "{\"error\": \"no\"}"] {
        assert!(catalogue.add_kernel("lab", bad, day(5)).is_err(), "{bad}");
    }
    let answers: Vec<_> = catalogue.answers().collect();
    assert_eq!((answers.len(), answers[0].1.at, &*answers[0].1.text), (1, day(4), none));
}

#[test]
fn what_was_learned_is_kept_for_the_next_run() {
    let at = DateTime::<Utc>::from_timestamp(1_795_554_000, 0).unwrap();
    let seen = |class: &str, payload: &str| Seen {
        task_type: class.into(),
        class: class.into(),
        parallel: false,
        hidden_fields: Vec::new(),
        payload: Some(payload.into()),
        at: Some(at),
    };
    let mut first = lab();
    first.set_seen(
        "fridge",
        vec![seen("MeasureT1", r#"{"qubit": "q3", "secret": "s3cret"}"#), seen("Own", "{\"a\": 1}")],
    );
    first
        .add_kernel(
            "lab",
            r#"{"services": {"lab": {"tasks": {"m:Fit": "x"}}},
        "tasks": [{"type": "Fit", "class": "Fit", "module": "m"}]}"#,
            at,
        )
        .unwrap();
    let text = first.kept().write();
    assert!(!text.contains("s3cret"), "{text}");
    let mut second = Catalogue::new();
    second.remember(Kept::read(&text).unwrap());
    assert_eq!(second.find("lab", "Fit").unwrap().source, Source::Kernel { juice: None, at });
    let own = second.find("fridge", "Own").unwrap();
    assert_eq!((&own.source, own.parallel), (&Source::Seen { at: Some(at) }, false));
    assert_eq!(second.example("fridge", "Own").as_deref(), Some("{\"a\":1}"));
    assert_eq!(second.example("fridge", "MeasureT1").as_deref(), Some("{\"qubit\":\"q3\"}"));
    assert_eq!(second.example("other", "Own"), None);
    assert!(second.services().contains(&"fridge".into()));
    // What is seen now goes before; what is kept then is both.
    second.set_seen("fridge", vec![seen("Own", "{\"a\": 2}")]);
    assert_eq!(second.example("fridge", "Own").as_deref(), Some("{\"a\": 2}"));
    let kept = second.kept();
    assert_eq!((kept.seen.len(), kept.kernels.len()), (2, 1));
    // An older answer does not take the place of a newer one.
    let mut third = Catalogue::new();
    let newer = r#"{"services": {"lab": {}}, "tasks": []}"#;
    third.add_kernel("lab", newer, at + chrono::TimeDelta::hours(1)).unwrap();
    third.remember(kept);
    assert_eq!(third.find("lab", "Fit"), None);
}

#[test]
fn what_is_wrong_with_a_file_is_told_by_line() {
    let mut catalogue = Catalogue::new();
    let text = "{\n \"services\": {\n  \"a\": 3,\n  \"b\": {\"kind\": \"ipython\", \"tasks\": []}},\n \"tasks\": [\n  {\"class\": \"NoType\"},\n  7,\n  {\"type\": \"Good\", \"schema\": 3, \"odd\": [NaN]}]}";
    let problems: Vec<_> = catalogue.add_file("f", text).into_iter().map(|p| (p.line, p.what)).collect();
    assert_eq!(problems.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 6, 7], "{problems:?}");
    assert_eq!(catalogue.kind("b"), ServiceKind::IPython);
    assert_eq!(catalogue.add_file("f", "{\"tasks\": [\n}")[0].line, 2);
    assert_eq!(catalogue.add_file("f", "[]").len(), 1);
    assert_eq!(catalogue.add_file("f", "").len(), 1);
    assert_eq!(catalogue.add_file("f", "{\"error\": \"no\"}").len(), 2);
}

#[test]
fn drafts_have_all_fields_and_invent_none() {
    let catalogue = lab();
    let draft = |service, class| template(catalogue.find(service, class).unwrap(), None);
    assert_eq!(draft("fridge", "Ping"), "{\n  \"message\": \"pong\"\n}");
    let measure = draft("fridge", "MeasureT1");
    let names: Vec<_> =
        json::members(&measure).unwrap().into_iter().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["qubit", "averages", "sweep", "band", "mode", "tags", "note", "seconds", "secret"]);
    assert_eq!(json::get(&measure, "qubit"), Some("null"));
    assert_eq!(json::get(json::get(&measure, "sweep").unwrap(), "stop"), Some("0.0001"));
    let task = catalogue.find("fridge", "MeasureT1").unwrap();
    assert_eq!(errors(task, &measure), ["qubit: expected text"]);
    assert_eq!(errors(task, &measure.replacen("null", "\"q3\"", 1)), [""; 0]);
    // Numbers letter for letter.
    let numbers = template(&task_of(&case("schema_numbers.json")), None);
    assert_eq!(json::get(&numbers, "seed"), Some("1208925819614629174706176"));
    assert_eq!(json::get(&numbers, "inf"), Some("Infinity"));
    // Left out: what the service makes itself, and a masked secret. A required model has its fields.
    let made = template(&task_of(&case("schema_default_factory.json")), None);
    assert_eq!(json::members(&made).unwrap(), [("required_list".into(), "null")]);
    assert_eq!(json::get(&template(&task_of(&case("schema_formats.json")), None), "token"), None);
    let nested = template(&task_of(&case("schema_def_names.json")), None);
    assert_eq!(json::get(json::get(&nested, "s").unwrap(), "stop"), Some("null"));
    // A schema that contains itself.
    let tree = template(&task_of(&case("schema_recursive.json")), None);
    assert_eq!(json::get(json::get(&tree, "root").unwrap(), "children"), Some("[]"));
    let root = r##"{"$ref": "#/$defs/N", "$defs": {"N": {"properties": {"n": {"$ref": "#/$defs/N"}, "x": {"type": "number", "default": 1}}, "required": ["n"], "type": "object"}}}"##;
    let tree = template(&task_of(root), None);
    assert_eq!(json::get(&tree, "x"), Some("1"));
    assert_eq!(float_fields(root), ["x"]);
}

#[test]
fn drafts_without_a_schema_come_from_the_last_payload() {
    let task = TaskType { schema: None, ..task_of("{}") };
    assert_eq!(template(&task, Some("{\"a\":NaN}")), "{\n  \"a\": NaN\n}");
    assert_eq!(template(&task, Some("{broken")), "{}");
    assert_eq!(template(&task, None), "{}");
}

#[test]
fn the_code_of_cells() {
    let mut catalogue = lab();
    catalogue.saw_kernel("lab");
    let raw = catalogue.find("lab", "RawIPython").unwrap();
    assert_eq!(
        template(raw, Some("{\"code\": \"1\"}")),
        "{\n  \"run_async\": false,\n  \"raw_code\": null\n}"
    );
    let payload = "{\"raw_code\": \"f(\\\"x\\\")\"}";
    assert_eq!(complete(raw, payload), "{\"raw_code\": \"f(\\\"x\\\")\", \"code\": \"f(\\\"x\\\")\"}");
    assert_eq!(
        complete(raw, "{\"code\": \"1\", \"raw_code\": \"2\"}"),
        "{\"code\": \"1\", \"raw_code\": \"2\"}"
    );
    assert_eq!((errors(raw, payload), check(raw, &complete(raw, payload)).len()), (vec![], 0));
    let sleep = catalogue.find("lab", "AsyncSleepIPython").unwrap();
    assert_eq!(complete(sleep, "{}"), "{\"code\": \"import asyncio; await asyncio.sleep(1.0)\"}");
    assert_eq!(
        complete(sleep, "{\"duration\": 2}"),
        "{\"duration\": 2, \"code\": \"import asyncio; await asyncio.sleep(2.0)\"}"
    );
    // Any other class: only Python knows.
    let mine =
        TaskType { ipython: true, code: Some(Code::Computed), ..task_of(&case("schema_ipython_task.json")) };
    let draft = template(&mine, None);
    assert_eq!(json::get(&draft, "code"), Some("null"));
    assert_eq!(errors(&mine, &draft).len(), 1);
    assert_eq!(errors(&mine, "{}").len(), 1);
    assert_eq!(check(&mine, "{\"code\": \"f()\"}"), []);
    assert_eq!(json::get(&template(&mine, Some("{\"code\": \"g()\"}")), "code"), Some("\"g()\""));
}

#[test]
fn problems_say_where() {
    let task = task_of(&case("schema_optional.json"));
    let payload = "{\"qubit\": \"q1\", \"repeats\": 1, \"attenuation\": \"\", \"odd\": 1, \"odd\": 2}";
    let found: Vec<_> =
        check(&task, payload).into_iter().map(|p| (p.path, p.level, &payload[p.offset..][..1])).collect();
    assert_eq!(found[0], ("attenuation".to_owned(), Level::Error, "\""));
    assert!(found[1..].iter().all(|(path, level, _)| path == "odd" && *level == Level::Hint));
    assert_eq!(errors(&task, "{\"qubit\": \"q1\"}"), ["repeats: required field is missing"]);
    assert_eq!(errors(&task, "[]"), [": expected an object"]);
    let broken = &check(&task, "{\n  \"qubit\" 3}")[0];
    assert!(broken.what.starts_with("line 2, ") && broken.offset > 5);
    let task = task_of(&case("schema_enums.json"));
    assert_eq!(errors(&task, "{\"one_of_ints\": 4}"), ["one_of_ints: expected one of 3, 5, 7"]);
    let paths = task_of(&case("schema_error_paths.json"));
    assert_eq!(
        errors(&paths, "{\"pts\": [{\"x\": 1, \"why\": 2}, {\"x\": \"a\", \"why\": 1}]}"),
        ["pts.1.x: expected a number"]
    );
}

#[test]
fn endless_schemas_and_payloads_end() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let list = r##"{"properties": {"a": {"$ref": "#/$defs/L"}}, "$defs": {"L": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/L"}, {"$ref": "#/$defs/L"}, {"type": "integer"}]}}}}"##;
    let task = task_of(list);
    check(&task, &format!("{{\"a\": {deep}}}"));
    let wide = "[[1],".to_owned() + &"[[[[[[[[1]]]]]]]],".repeat(5_000) + "[]]";
    check(&task, &format!("{{\"a\": {wide}}}"));
    let circle = r##"{"properties": {"a": {"$ref": "#/$defs/B"}}, "required": ["a"], "$defs": {"B": {"$ref": "#/$defs/B"}}}"##;
    let task = task_of(circle);
    assert_eq!(errors(&task, "{\"a\": 1}"), [""; 0]);
    assert_eq!(template(&task, None), "{\n  \"a\": null\n}");
    assert_eq!(task.numbers(), HashMap::new());
    for schema in ["{\"properties\": 3}", "{\"properties\": {\"a\": 1}, \"required\": {}}", "{", "[]"] {
        let task = task_of(schema);
        check(&task, "{\"a\": 1}");
        template(&task, None);
    }
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "null",
            "true",
            "0",
            "1",
            "-3",
            "2.5",
            "1e400",
            "NaN",
            "18446744073709551617",
            "\"\"",
            "\"5\"",
            "\"yes\"",
            "\"q1\"",
            "[]",
            "{}",
        ][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("[a-c]|x|why|name|kind|sigma", inner), 0..4).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, raw)| format!("\"{name}\": {raw}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

proptest! {
    /// Whatever stands in a field: no panic, offsets inside the text, and a schema that says nothing finds nothing.
    #[test]
    fn any_payload_can_be_checked(raw in value(), which in 0..15usize, field in 0..12usize) {
        let all = samples();
        let (_, task, ..) = &all[which];
        let schema = task.schema.as_deref().unwrap();
        let names = schema::properties(schema);
        let name = names.get(field).map_or("none", |(name, _)| name);
        let payload = format!("{{\"{name}\": {raw}}}");
        for problem in check(task, &payload) {
            prop_assert!(payload.is_char_boundary(problem.offset));
        }
        prop_assert_eq!(check(&task_of("{}"), &payload), []);
    }
}
