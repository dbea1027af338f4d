use super::*;

const BATCH: &str = include_str!("../../golden/batch-v1.json");
const ANSWER: &str = include_str!("../../golden/answer-v1.json");

#[test]
fn what_the_first_version_wrote_is_read_and_written_as_it_was() {
    let batch: Batch = serde_json::from_str(BATCH).unwrap();
    assert_eq!(batch.entries.len(), 13, "one of every kind");
    assert_eq!(
        serde_json::to_value(&batch).unwrap(),
        serde_json::from_str::<serde_json::Value>(BATCH).unwrap()
    );
    let answer: Answer = serde_json::from_str(ANSWER).unwrap();
    assert_eq!(answer.outcome, Outcome::Applied);
    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        serde_json::from_str::<serde_json::Value>(ANSWER).unwrap()
    );
}

#[test]
fn fields_of_a_later_version_are_passed_over() {
    let mut batch: serde_json::Value = serde_json::from_str(BATCH).unwrap();
    batch["weather"] = "fine".into();
    batch["entries"][3]["now"]["device"]["colour"] = "grey".into();
    assert!(serde_json::from_value::<Batch>(batch).is_ok());
    let mut answer: serde_json::Value = serde_json::from_str(ANSWER).unwrap();
    answer["mood"] = 7.into();
    assert!(serde_json::from_value::<Answer>(answer).is_ok());
}

#[test]
fn a_table_of_a_later_version_is_refused_and_not_lost() {
    let mut batch: serde_json::Value = serde_json::from_str(BATCH).unwrap();
    batch["entries"][0]["now"] = serde_json::json!({ "planet": { "name": "Ceres" } });
    assert!(serde_json::from_value::<Batch>(batch).unwrap_err().to_string().contains("planet"));
}
