//! The book's examples and the schema of `results.json` say what the program does.

use serde_json::Value;

use super::scenarios::ALL;
use super::*;
use crate::journal::sample::records;
use crate::journal::{Record, parse};

const SCHEMA: &str = include_str!("../../../docs/results.schema.json");
const PAGE: &str = include_str!("../../../docs/src/results.md");

/// The part of JSON Schema that our schema uses.
struct Schema(Value);

impl Schema {
    fn check(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        for (word, rule) in schema.as_object().unwrap() {
            self.check_rule(schema, (word, rule), value, place)?;
        }
        Ok(())
    }

    fn check_rule(&self, schema: &Value, rule: (&str, &Value), value: &Value, place: &str) -> Result<(), String> {
        let fault = |what: &str| Err(format!("{place}: {what}: {value}"));
        match rule {
            ("$ref", target) => {
                let pointer = target.as_str().unwrap().trim_start_matches('#');
                self.check(self.0.pointer(pointer).unwrap(), value, place)
            }
            ("type", name) if name != type_of(value) && !(name == "number" && value.is_number()) => {
                fault(&format!("not {name}"))
            }
            ("enum", words) if !words.as_array().unwrap().contains(value) => fault("not one of the words"),
            ("anyOf", choices) => {
                let fits = |choice| self.check(choice, value, place).is_ok();
                if choices.as_array().unwrap().iter().any(fits) { Ok(()) } else { fault("fits none") }
            }
            ("required", names) => {
                match names.as_array().unwrap().iter().find(|name| value.get(name.as_str().unwrap()).is_none()) {
                    Some(name) => fault(&format!("lacks {name}")),
                    None => Ok(()),
                }
            }
            ("items", items) => {
                value.as_array().into_iter().flatten().try_for_each(|item| self.check(items, item, place))
            }
            ("properties", _) => value.as_object().into_iter().flatten().try_for_each(|(name, value)| {
                schema["properties"]
                    .get(name)
                    .map_or(Ok(()), |rules| self.check(rules, value, &format!("{place}/{name}")))
            }),
            ("additionalProperties", rules) => value.as_object().into_iter().flatten().try_for_each(|(name, value)| {
                match (schema["properties"].get(name), rules) {
                    (Some(_), _) => Ok(()),
                    (None, Value::Bool(false)) => Err(format!("{place}: `{name}` is not in the schema")),
                    (None, rules) => self.check(rules, value, &format!("{place}/{name}")),
                }
            }),
            ("type" | "enum" | "format" | "description" | "title" | "$schema" | "$defs", _) => Ok(()),
            (word, _) => panic!("this test does not know the schema's word `{word}`"),
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[track_caller]
fn check_schema(name: &str, json: &str) {
    let mut strict: Value = serde_json::from_str(SCHEMA).unwrap();
    // Readers must bear new fields, but this program must not write one that the schema does not have.
    strict["additionalProperties"] = Value::Bool(false);
    let schema = Schema(strict);
    assert_eq!(schema.check(&schema.0, &serde_json::from_str(json).unwrap(), name), Ok(()));
}

#[test]
fn results_are_as_their_schema_says_complete_or_not() {
    for (name, scenario) in ALL {
        let records = records(scenario());
        for end in 1..=records.len() {
            let results = Results::of(&RunState::of(&records[..end]));
            check_schema(name, &results.to_json());
            assert_eq!(serde_json::from_str::<Results>(&results.to_json()).unwrap(), results);
        }
    }
}

/// The examples of a language in the book's page.
fn examples(language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    PAGE.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_examples_in_the_book_are_real() {
    let examples = examples("json");
    let [results, journal] = examples[..] else { panic!("expected two examples, found {}", examples.len()) };
    check_schema("the book", results);
    let again = serde_json::from_str::<Results>(results).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::from_str::<Value>(results).unwrap());
    let records = parse("the book".as_ref(), journal.as_bytes()).unwrap().records;
    assert_eq!(journal.lines().count(), records.len());
    for (line, record) in journal.lines().zip(&records) {
        assert_eq!(serde_json::from_str::<Record>(line).unwrap(), *record);
        assert_eq!(serde_json::to_string(record).unwrap(), line);
    }
}

#[test]
fn the_book_names_every_event() {
    for kind in crate::journal::Event::KINDS {
        assert!(PAGE.contains(&format!("`{kind}`")), "{kind}");
    }
}
