//! Some ninety kinds of fields, each with some hundred values, against what pydantic 2.14 answered.
//!
//! `tests/cases/pydantic_kinds.jsonl`: a model with one field `p` (`create_model("X", p=(kind, ...))`), its schema, and
//! the values that `model_validate({"p": json.loads(value)})` took and refused.

use super::*;
use crate::catalogue::check;

struct Kind {
    name: String,
    task: TaskType,
    accepts: Vec<String>,
    refuses: Vec<String>,
}

fn kinds() -> Vec<Kind> {
    let text = case("pydantic_kinds.jsonl");
    text.lines()
        .map(|line| {
            let member = |name: &str| json::get(line, name).unwrap();
            let texts = |name: &str| {
                let items = json::items(member(name)).unwrap();
                items.into_iter().map(|raw| json::string(raw).unwrap().into_owned()).collect()
            };
            Kind {
                name: json::string(member("kind")).unwrap().into_owned(),
                task: task_of(member("schema")),
                accepts: texts("accepts"),
                refuses: texts("refuses"),
            }
        })
        .collect()
}

/// Kinds whose schema is that of another kind, which takes less.
const SAID_OTHERWISE: [(&str, &str); 2] = [
    ("it", "an `Iterable` has a list's schema, and its items are looked at only when the task takes them"),
    ("import", "an `ImportString` has text's schema and takes any object"),
];

#[test]
fn nothing_is_stricter_than_pydantic_and_most_of_what_it_refuses_is_seen() {
    let (mut stricter, mut unlike) = (Vec::new(), Vec::new());
    let (mut seen, mut silent, mut all) = (0, 0, 0);
    for kind in kinds() {
        let mut checker = check::Checker::new(&kind.task);
        let mut form = Form::new(&kind.task, None);
        let values = kind.accepts.iter().map(|value| (value, true));
        let values = values.chain(kind.refuses.iter().map(|value| (value, false)));
        for (i, (value, taken)) in values.enumerate() {
            let payload = format!(r#"{{"p": {value}}}"#);
            let told = checker.check(&payload);
            let refused = told.iter().any(|problem| problem.level == Level::Error);
            // Not all of what is refused: the test is to stay short.
            if taken || i % 4 == 0 {
                form.fill(&payload, Origin::Filled).unwrap();
                assert_eq!(samples::exact(&form.payload()), samples::exact(&payload), "{}", kind.name);
                if refused == errors(&form).is_empty() {
                    unlike.push(format!("{} {value} {:?} {told:?}", kind.name, errors(&form)));
                }
            }
            match (taken, refused) {
                (true, true) => stricter.push((kind.name.clone(), value.clone())),
                (false, true) => seen += 1,
                (false, false) if told.is_empty() => silent += 1,
                _ => {}
            }
            all += usize::from(!taken);
        }
    }
    assert_eq!(unlike, [""; 0]);
    stricter.retain(|(kind, _)| SAID_OTHERWISE.iter().all(|(known, _)| known != kind));
    assert_eq!(stricter, []);
    // The rest stands there with a hint, but for what is left to the service.
    assert!(seen * 2 > all && silent * 7 < all, "{seen} refused and {silent} silent of {all}");
}
