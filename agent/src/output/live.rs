//! Words for what stops live capture, and what to do about it.

use sekisho_report::{Lang, fill, label};

use crate::capture::live::{FilterError, LiveError, Problem};

/// Words why an interface cannot be captured from; `detail` is the technical cause.
pub(super) fn error(error: &LiveError, detail: &str, lang: Lang) -> String {
    let key = format!("error.{}", error.slug());
    match error {
        LiveError::NoSuchInterface { interface, present } => {
            fill(lang, &key, &[("interface", interface), ("present", &present.join(", "))])
        }
        LiveError::NotPermitted { interface, .. }
        | LiveError::LinkType { interface, .. }
        | LiveError::System { interface, .. } => {
            fill(lang, &key, &[("interface", interface), ("detail", &detail)])
        }
        LiveError::Filter { filter, source: FilterError { column, problem } } => {
            let problem = filter_problem(problem, lang);
            fill(lang, &key, &[("filter", filter), ("column", column), ("problem", &problem)])
        }
        LiveError::RingSize { .. } => fill(lang, &key, &[("detail", &detail)]),
    }
}

fn filter_problem(problem: &Problem, lang: Lang) -> String {
    let key = format!("filter-problem.{}", problem.slug());
    match problem {
        Problem::Empty | Problem::TooLong | Problem::NoEthernet | Problem::TooDeep => fill(lang, &key, &[]),
        Problem::Character { found } => fill(lang, &key, &[("found", found)]),
        Problem::DoesNotFit { qualifier } => fill(lang, &key, &[("found", qualifier)]),
        Problem::Unexpected { found, wanted } => {
            let wanted = label(lang, "filter-wanted", wanted.slug());
            fill(lang, &key, &[("found", found), ("wanted", &wanted)])
        }
        Problem::Ends { wanted } => {
            fill(lang, &key, &[("wanted", &label(lang, "filter-wanted", wanted.slug()))])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::capture::live::filter::Wanted;

    fn every_error() -> Vec<LiveError> {
        let interface = || "mirror0".to_owned();
        let source = || io::Error::from(io::ErrorKind::PermissionDenied);
        let wanted = [
            Wanted::Condition,
            Wanted::Connective,
            Wanted::Close,
            Wanted::Address,
            Wanted::Net,
            Wanted::Mac,
            Wanted::Port,
            Wanted::Ports,
            Wanted::Protocol,
            Wanted::Vlan,
            Wanted::Length,
        ];
        let found = || "prot".to_owned();
        let mut problems = vec![
            Problem::Empty,
            Problem::TooLong,
            Problem::Character { found: '[' },
            Problem::DoesNotFit { qualifier: "arp".to_owned() },
            Problem::NoEthernet,
            Problem::TooDeep,
        ];
        for wanted in wanted {
            problems.push(Problem::Unexpected { found: found(), wanted });
            problems.push(Problem::Ends { wanted });
        }
        let filters = problems.into_iter().map(|problem| LiveError::Filter {
            filter: "tcp prot 80".to_owned(),
            source: FilterError { column: 5, problem },
        });
        let mut errors = vec![
            LiveError::NoSuchInterface { interface: interface(), present: vec!["lo".to_owned()] },
            LiveError::NotPermitted { interface: interface(), source: source() },
            LiveError::LinkType { interface: interface(), hardware_type: 280 },
            LiveError::RingSize { block_bytes: 1, blocks: 2 },
            LiveError::System { step: "bind", interface: interface(), source: source() },
        ];
        errors.extend(filters);
        errors
    }

    #[test]
    fn every_reason_is_worded_in_both_languages_with_its_values() {
        for lang in [Lang::Ja, Lang::En] {
            let mut said: Vec<String> = Vec::new();
            for error in every_error() {
                let worded = super::error(&error, "detail", lang);
                // Neither a key without a text nor a place without a value.
                assert!(!worded.contains(error.slug()) && !worded.contains('{'), "{worded}");
                assert!(!worded.contains("filter-"), "{worded}");
                assert!(!said.contains(&worded), "said twice: {worded}");
                said.push(worded);
            }
        }
    }

    #[test]
    fn a_missing_right_is_told_with_what_to_do() {
        let denied = LiveError::NotPermitted {
            interface: "mirror0".to_owned(),
            source: io::Error::from(io::ErrorKind::PermissionDenied),
        };
        for lang in [Lang::Ja, Lang::En] {
            let worded = super::error(&denied, "EPERM", lang);
            for remedy in ["AmbientCapabilities=CAP_NET_RAW", "setcap cap_net_raw+ep", "root"] {
                assert!(worded.contains(remedy), "{worded}");
            }
        }
    }

    #[test]
    fn a_filter_s_mistake_is_shown_where_it_is() {
        let error = LiveError::Filter {
            filter: "tcp prot 80".to_owned(),
            source: FilterError {
                column: 5,
                problem: Problem::Unexpected { found: "prot".to_owned(), wanted: Wanted::Connective },
            },
        };
        let worded = crate::output::error(&anyhow::Error::new(error), Lang::En);
        assert_eq!(
            worded,
            "the filter \"tcp prot 80\" is not understood at character 5: \"and\" or \"or\" is needed instead of \"prot\""
        );
    }
}
