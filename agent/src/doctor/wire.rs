//! The assessment as it goes into JSON, status and text.

use sekisho_api::{Mirror, MirrorFigure, MirrorFinding, MirrorSeen, MirrorSeverity, MirrorVerdict};
use sekisho_mirror::{Assessment, Figure, Finding, Overview, Severity, Verdict};

/// Gives an assessment the shape of the JSON.
pub(crate) fn mirror(assessment: &Assessment) -> Mirror {
    Mirror {
        verdict: match assessment.verdict {
            Verdict::Good => MirrorVerdict::Good,
            Verdict::Doubtful => MirrorVerdict::Doubtful,
            Verdict::Bad => MirrorVerdict::Bad,
            Verdict::TooLittleToTell => MirrorVerdict::TooLittleToTell,
        },
        findings: assessment.findings.iter().map(finding).collect(),
        seen: seen(&assessment.overview),
    }
}

fn finding(finding: &Finding) -> MirrorFinding {
    let figure = |figure: &Figure| match figure {
        Figure::Count(count) => MirrorFigure::Count(*count),
        Figure::Share(share) => MirrorFigure::Share(*share),
        Figure::Vlans(vlans) => MirrorFigure::Vlans(vlans.clone()),
    };
    MirrorFinding {
        key: finding.key.slug().to_owned(),
        severity: match finding.severity {
            Severity::Bad => MirrorSeverity::Bad,
            Severity::Warning => MirrorSeverity::Warning,
            Severity::Note => MirrorSeverity::Note,
        },
        figures: finding.figures.iter().map(|(name, value)| ((*name).to_owned(), figure(value))).collect(),
    }
}

fn seen(overview: &Overview) -> MirrorSeen {
    // Taken apart, lest a new figure be forgotten.
    let Overview {
        frames,
        group,
        own,
        foreign,
        conns,
        two_sided,
        tcp_two_sided,
        tcp_handshakes,
        tcp_one_sided,
        tcp_split,
        outside,
        addresses,
        ref vlans,
        duplicates,
        drops,
        refused,
    } = *overview;
    MirrorSeen {
        frames,
        group,
        own,
        foreign,
        conns,
        two_sided,
        tcp_two_sided,
        tcp_handshakes,
        tcp_one_sided,
        tcp_split,
        outside,
        addresses,
        vlans: vlans.clone(),
        duplicates,
        drops,
        refused,
    }
}

#[cfg(test)]
mod tests {
    use sekisho_mirror::Key;
    use sekisho_report::{Lang, text};

    #[test]
    fn every_finding_has_its_text_and_what_to_do() {
        for key in Key::ALL {
            for key in [format!("mirror.{}", key.slug()), format!("mirror.{}-do", key.slug())] {
                for lang in [Lang::Ja, Lang::En] {
                    assert_ne!(text(lang, &key), key);
                }
            }
        }
    }
}
