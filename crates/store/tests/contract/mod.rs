//! What every database must do, whatever is below it. Each check begins with an empty one.
//!
//! A database passes by naming it once: `contract::hold!(Folder::new())`. Nothing here knows which one it is.

pub(crate) mod books;
pub(crate) mod caps;
pub(crate) mod channels;
pub(crate) mod claims;
pub(crate) mod commit;
pub(crate) mod day;
pub(crate) mod fence;
pub(crate) mod fixture;
pub(crate) mod group;
pub(crate) mod late;
pub(crate) mod ledger;
pub(crate) mod lines;
pub(crate) mod requests;
pub(crate) mod scene;
pub(crate) mod unresolved;

use ringback_store::Store;

/// Opens databases of one kind.
pub(crate) trait Databases {
    /// A new, empty database; it lives no longer than `self`.
    async fn fresh(&self) -> Box<dyn Store>;
}

/// Makes a test of its own from every check, so that a failure names the invariant. A check that is left out here is
/// dead code, which the compiler refuses.
macro_rules! hold {
    ($databases:expr) => {
        $crate::contract::hold! { $databases;
            books {
                saving_a_book_twice_changes_its_policy_and_nothing_else
                books_have_numbers_and_names_of_their_own
                an_import_keeps_every_byte_in_order
                the_same_bytes_twice_change_nothing
                an_import_replaces_what_the_same_file_brought_and_removes_no_line
                an_import_leaves_enrolled_lines_and_other_files_alone
                an_import_into_no_book_leaves_nothing
                contacts_come_a_page_at_a_time
                a_large_file_is_imported_whole
            }
            group {
                a_number_of_several_contacts_is_one_line_with_several_names
                the_weightiest_group_of_a_contact_comes_first
                lines_that_are_not_enrolled_change_no_contact
                names_are_those_of_contacts_that_have_one
            }
            lines {
                an_imported_line_is_watched_and_has_no_consent
                the_same_number_is_a_line_of_its_own_in_each_book
                every_filter_finds_its_lines_and_no_others
                conditions_hold_together
                lines_come_a_page_at_a_time
                lines_by_id_leave_out_what_is_not_there
                a_line_comes_back_as_it_was_committed
            }
            commit {
                a_batch_of_many_lines_is_committed_in_one_go
                an_empty_batch_says_how_the_switches_are
                p8_a_conflict_writes_nothing_of_its_change_while_others_go_through
                p8_the_same_batch_twice_is_committed_once
                p8_only_the_very_next_version_is_taken
                p8_of_two_changes_of_one_version_the_first_is_taken
                m1_an_unbalanced_transaction_stops_the_whole_batch
                the_journal_tells_what_happened_in_order
                the_journal_keeps_every_kind_of_event
                recoveries_are_remembered_by_their_number
            }
            unresolved {
                p2_a_reference_used_twice_in_one_batch_stops_it
                p2_a_reference_of_the_past_stops_the_batch_and_nothing_is_written
                p3_a_number_with_an_order_out_gets_no_second_one_from_another_book
                p3_of_two_orders_for_one_number_in_one_batch_the_second_is_denied
                p3_p11_money_in_suspense_keeps_the_number_unresolved
                p13_late_money_in_doubt_is_kept_while_another_order_is_out
            }
            caps {
                c1_orders_of_one_batch_count_for_each_other_in_every_wide_scope
                c1_scopes_that_two_orders_do_not_share_do_not_bind_them
                c1_held_money_counts_in_a_later_batch
                c1_a_recovery_and_a_line_are_bound_as_well
                c1_what_was_not_debited_and_what_failed_gives_room_again
                c1_what_is_denied_writes_nothing_and_counts_for_nothing
                c2_neither_a_refund_nor_a_reversal_restores_room
                c4_lowering_a_cap_binds_at_once_and_raising_one_does_not
                c5_an_hour_takes_so_many_orders_of_a_line_and_no_more
                c7_without_caps_nothing_is_spent
            }
            day {
                c1_the_next_day_gives_room_under_the_day_alone
                c1_a_late_outcome_counts_on_the_day_of_its_order
                c3_a_clock_set_back_reopens_no_day
                c3_a_faulty_clock_moves_no_day
                c3_a_batch_that_knows_its_clock_is_wrong_moves_no_day
                c3_a_clock_far_ahead_of_the_last_day_waits_for_a_person
                n3_s2_every_switch_denies_inside_the_transaction
            }
            fence {
                s3_behind_a_fence_no_order_is_admitted_and_all_else_goes_on
                s3_each_book_is_reconciled_for_itself
                s3_a_book_that_is_made_behind_a_fence_begins_behind_it
                s3_of_two_fences_the_earlier_stands
                s3_m4_a_lost_order_is_kept_in_suspense
            }
            ledger {
                m1_m2_m3_hold_after_a_whole_recovery
                m2_the_balances_are_the_fold_of_the_statement
                the_statement_is_what_was_posted_in_order
                the_statement_comes_a_page_at_a_time
                m4_topups_are_found_by_reference_and_by_time
                a_topup_is_kept_as_it_was_last_committed
                currencies_and_providers_have_accounts_of_their_own
            }
            late {
                p5_a_refusal_gives_the_hold_back_and_the_books_hold
                p7_money_that_comes_late_is_posted_and_counts
                p7_m4_a_late_answer_is_posted_once_however_often_it_is_told
                p9_a_withheld_order_gives_its_hold_back
                p11_p13_suspense_and_a_persons_word_keep_the_books
                p12_what_the_provider_takes_back_goes_back_to_the_float
            }
            claims {
                r1_every_delivery_of_a_suspended_line_is_claimed_once
                r5_an_answer_moves_its_claim_alone
                m5_a_refund_is_posted_on_the_desks_word
                r1_an_answer_twice_or_about_nothing_changes_nothing
                r6_claims_end_when_the_line_is_active_again
                r2_a_withdrawal_and_a_payment_in_one_batch_give_the_money_back_once
                r2_a_payment_after_the_withdrawal_gives_the_money_back_once
                r2_a_withdrawal_after_the_payment_takes_nothing_away
                p7_late_money_on_a_suspended_line_adds_a_claim
                k4_a_doubt_freezes_the_claims_of_its_line_until_it_is_confirmed
                p12_r2_a_delivery_that_is_taken_back_is_not_claimed_as_well
            }
            requests {
                requests_wait_in_order_until_a_batch_carries_them_out
                a_request_is_done_with_its_change_and_stays_with_a_conflict
                requests_are_those_of_the_books_that_are_asked_for
                a_request_that_is_done_never_lends_its_number
                every_kind_of_request_comes_back_as_it_was
                n3_the_switches_are_as_they_were_set
            }
            channels {
                a_budget_is_what_one_day_allows
                a_clock_set_back_opens_no_day_of_a_budget
                a_channel_that_told_of_a_restriction_is_remembered
            }
        }
    };
    ($databases:expr; $($part:ident { $($check:ident)* })*) => {
        $(mod $part {
            use super::*;
            $(#[tokio::test]
            async fn $check() {
                $crate::contract::$part::$check(&$databases).await;
            })*
        })*
    };
}
pub(crate) use hold;
