//! The suites: which claims become tests, and how.

/// Expands to one `#[tokio::test]` per claim.
///
/// The expression is evaluated once per test, inside its async body, so it may `.await`; it gives
/// something that implements [`StoreHarness`](crate::contract::StoreHarness). The calling crate
/// needs tokio with `macros` and `rt-multi-thread` among its dev-dependencies.
///
/// ```
/// use edupay_testkit::memory::MemoryStore;
/// # use std::sync::Arc;
/// edupay_testkit::store_contract!(MemoryStore::new(), rounds = 200);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_contract {
    ($harness:expr) => {
        $crate::store_contract!($harness, rounds = $crate::contract::ROUNDS);
    };
    ($harness:expr, rounds = $rounds:expr) => {
        $crate::__claims! { $harness; accounts:
            a_new_user_has_an_empty_wallet
            a_taken_username_is_refused
            a_username_raced_for_is_given_once
            users_are_listed_by_id
            a_user_is_kept_out_and_let_in_again
            a_token_finds_its_user_until_it_is_removed
            all_tokens_of_a_user_are_removed_at_once
            a_token_of_an_inactive_user_tells_so
            a_token_without_a_user_is_not_stored
            a_user_is_found_by_the_token_for_the_app_store
            a_new_token_works_at_once
            a_logged_out_token_is_dead_at_once
            a_token_removed_while_it_is_looked_up_stays_dead
            a_deactivated_user_is_known_at_once
            all_tokens_of_a_user_die_together
            an_adjustment_is_an_entry_with_its_reason_and_its_event
            a_refused_adjustment_leaves_nothing
        }
        $crate::__claims! { $harness; products:
            a_product_is_found_and_listed_by_pk
            a_taken_product_id_is_refused
            a_product_id_raced_for_is_given_once
            a_product_keeps_the_prices_it_had
            an_unknown_product_has_no_price
            a_course_is_withdrawn_and_offered_again
            an_unknown_course_is_not_found
        }
        $crate::__claims! { $harness; ledger:
            a_statement_runs_newest_first_with_a_running_balance
            a_statement_is_read_in_pages
            a_statement_shows_only_the_own_entries
            an_audit_sees_every_entry
        }
        $crate::__claims! { $harness; orders:
            an_order_copies_names_and_prices_and_is_found
            an_order_keeps_its_price_when_the_course_is_withdrawn
            orders_are_counted_per_buyer
            a_taken_order_number_is_answered_as_taken
            an_order_number_raced_for_is_given_once
            a_refused_order_leaves_nothing
            someone_elses_order_is_none
            orders_are_listed_newest_first_in_pages
            a_cancelled_order_stays_cancelled
            a_paid_order_is_not_cancelled
            an_order_past_its_time_is_listed_and_closed_once
            a_paid_order_is_not_closed
        }
        $crate::__claims! { $harness; balance_payments:
            a_payment_takes_bonus_then_iap_then_cash
            a_payment_gives_every_course_of_the_order
            a_payment_is_told_once
            the_last_fen_is_enough
            an_insufficient_balance_leaves_nothing
            an_owned_course_is_not_paid_again
            a_paid_order_is_not_charged_twice
            an_ended_order_is_not_paid
        }
        $crate::__claims! { $harness; charges:
            the_first_attempt_has_the_number_of_its_order
            a_new_attempt_is_routed_at_once
            an_attempt_without_an_answer_is_asked_for_again
            an_open_charge_is_used_again
            a_further_attempt_has_a_number_of_its_own
            a_taken_attempt_number_is_answered_as_taken
            a_refused_charge_is_recorded
            a_reply_after_the_confirmation_keeps_the_attempt_paid
            a_reply_to_no_attempt_is_corrupt
            an_order_that_cannot_be_paid_opens_no_charge
            a_closed_attempt_stays_closed_and_a_paid_one_paid
            a_charge_finds_the_attempt_of_its_own_user_only
        }
        $crate::__claims! { $harness; looks:
            attempts_are_due_by_time_and_when_their_order_ends
            an_order_that_no_longer_waits_makes_its_attempts_due_at_once
            attempts_are_due_in_the_way_that_they_are_looked_at
            a_look_is_claimed_by_one_worker
            a_look_that_was_answered_plans_the_next_one
        }
        $crate::__claims! { $harness; confirmations:
            a_charge_pays_its_order
            a_second_charge_is_kept_for_refund
            a_charge_after_a_payment_from_the_balance_is_kept_for_refund
            a_charge_of_an_owned_course_is_kept_for_refund
            a_charge_of_an_ended_order_is_kept_for_refund
            a_charge_that_differs_waits_for_a_person
            a_strangers_charge_leaves_the_attempt_to_its_own
            a_charge_paid_in_time_pays_however_late_we_hear
            the_same_charge_is_confirmed_once
            a_charge_is_claimed_over_all_users
            a_charge_that_cannot_be_booked_leaves_nothing
        }
        $crate::__claims! { $harness; receipts:
            a_due_refund_is_listed_until_it_is_claimed
            a_claim_that_ran_out_makes_the_next_holder_look_first
            a_refund_is_booked_once
            a_pending_refund_is_looked_at_later
            a_failed_refund_waits_for_a_person
            a_refund_that_the_gateway_refuses_waits_for_a_person
            news_of_no_receipt_change_nothing
            a_refund_claim_is_granted_to_one_of_many
        }
        $crate::__claims! { $harness; refunds:
            an_order_from_the_balances_goes_back_to_them_at_once
            parts_come_back_to_each_balance_exactly
            what_comes_back_pays_the_debt_first
            a_full_refund_ends_what_the_order_gave_and_it_can_be_bought_again
            an_order_paid_by_a_charge_goes_into_the_cash
            the_same_number_is_the_same_refund
            another_content_under_the_same_number_is_refused
            more_than_was_paid_is_refused
            what_was_not_paid_is_not_refunded
            a_refused_refund_leaves_nothing
            a_failed_refund_is_tried_again_the_other_way
            a_large_refund_waits_for_a_second_person
            a_rejected_refund_frees_what_it_reserved
            refunds_are_listed_newest_first_in_pages
        }
        $crate::__claims! { $harness; refunds_at_gateway:
            an_order_paid_by_a_charge_goes_back_through_the_gateway
            a_claim_of_refund_work_is_stored
            the_gateways_word_is_booked_once
            a_refund_made_at_the_gateway_is_booked_and_never_taken_for_ours
            what_the_gateway_gives_beyond_what_is_left_is_the_users
            a_top_up_that_the_gateway_gives_back_is_taken_from_the_balances
            a_top_up_that_went_back_whole_keeps_no_gift
        }
        $crate::__claims! { $harness; refunds_of_purchases:
            a_refunded_purchase_gives_no_days_from_today_on
            a_partly_refunded_purchase_keeps_its_days
            what_an_upgrade_replaced_goes_on_when_it_is_refunded
            an_upgraded_purchase_is_refunded_after_its_upgrade
            the_gateway_refunds_an_upgraded_purchase_and_its_days_are_left
        }
        $crate::__races! { $harness, $rounds; refund_races:
            parts_of_an_order_never_pass_the_whole
            one_number_is_one_refund
            refunds_here_and_at_the_gateway_never_pass_the_whole
            one_refund_of_the_gateway_is_booked_once
            refund_work_is_claimed_by_one_worker
        }
        $crate::__claims! { $harness; reconciliation:
            a_number_tells_what_was_booked_under_it
            booked_payments_are_read_in_chunks
            refunds_through_the_gateway_are_read_by_charge_and_by_time
            a_run_is_kept_and_the_next_one_knows_it
            differences_are_kept_once_and_in_their_places
            a_daily_run_is_given_to_one_of_many
            a_daily_run_that_was_left_is_taken_over
        }
        $crate::__claims! { $harness; review:
            what_nobody_can_finish_is_listed
            the_list_is_read_in_pages
            what_a_person_closes_leaves_the_list
            a_receipt_in_review_is_sent_back_by_a_decision
            what_is_tried_again_is_due_unless_somebody_may_have_it
            a_decision_that_can_not_be_taken_leaves_nothing
            one_of_many_decides
            what_is_unfinished_is_counted
        }
        $crate::__claims! { $harness; inbox:
            an_event_is_kept_once
            an_event_raced_for_is_new_once
            a_marked_event_answers_its_status
            events_wait_oldest_first_until_they_are_done
        }
        $crate::__claims! { $harness; top_ups:
            a_top_up_is_credited_once
            a_taken_top_up_number_is_answered_as_taken
            a_refused_top_up_leaves_nothing
            a_top_up_pays_the_debt_first
            a_top_up_gets_the_bonus_it_was_promised
            a_second_charge_of_a_top_up_is_kept_for_refund
            an_attempt_of_a_credited_top_up_is_not_due
            someone_elses_top_up_is_none
        }
        $crate::__claims! { $harness; campus:
            a_school_is_stored_and_listed
            a_student_gets_a_user_with_an_empty_wallet
            a_student_again_changes_nothing
            a_chunk_is_taken_row_by_row
            a_dry_run_writes_nothing
            a_new_user_never_gets_a_students_id
            a_replaced_card_stays_in_the_history
            a_card_raced_for_is_given_once
            a_guardian_may_act_until_unbound
            students_are_listed_in_pages
            a_cashier_link_is_found_until_it_is_removed
        }
        $crate::__claims! { $harness; catalogue:
            a_project_is_stored_as_given
            what_never_changes_of_a_project_is_refused
            packages_are_stored_as_given_and_listed
            a_package_chunk_is_taken_row_by_row
            a_package_dry_run_writes_nothing
            what_was_withdrawn_stays_so_since_the_first_time
        }
        $crate::__claims! { $harness; packages:
            an_offer_shows_a_kinds_projects_with_packages_and_periods
            an_unknown_student_and_a_foreign_one_are_answered_alike
            a_purchase_is_stored_with_its_first_attempt
            the_same_purchase_again_is_the_one_that_waits
            a_purchase_at_another_price_is_another_one
            a_taken_purchase_number_is_answered_as_taken
            a_taken_number_of_a_further_attempt_is_answered_as_taken
            a_refused_purchase_leaves_nothing
            a_purchase_is_found_by_records_and_by_every_number
            purchases_are_listed_newest_first_in_pages
            a_purchase_past_its_time_is_listed_and_closed_once
            a_purchase_that_ended_makes_its_attempts_due
        }
        $crate::__claims! { $harness; purchase_charges:
            a_charge_pays_its_purchase
            a_charge_pays_several_packages_at_once
            the_same_purchase_charge_is_confirmed_once
            a_second_charge_of_a_purchase_is_kept_for_refund
            a_charge_of_a_closed_purchase_is_kept_for_refund
            a_charge_of_a_withdrawn_package_is_kept_for_refund
            a_charge_of_a_second_purchase_of_the_project_is_kept_for_refund
            a_purchase_charge_that_differs_waits_for_a_person
            a_purchase_keeps_its_price_and_days_when_the_package_changes
            an_upgrade_replaces_what_is_held_at_todays_prices
            a_second_upgrade_replaces_the_first
            a_renewal_follows_the_last_day
        }
        $crate::__claims! { $harness; app_store:
            a_purchase_in_the_app_store_is_credited_once
            a_transaction_is_known_by_its_environment_too
            another_users_purchase_is_recorded_and_credits_nobody
            play_money_is_credited_to_those_who_may_have_it
            a_refused_purchase_leaves_no_trace
            a_refund_before_its_credit_blocks_it_until_it_is_reversed
            a_refund_leaves_a_debt_that_the_next_credit_pays
            parts_of_a_purchase_are_taken_back_step_by_step
            a_device_that_brings_a_refund_hears_the_same_success_and_the_refund_counts
            a_purchase_credits_the_price_of_its_time
            a_price_that_differs_is_recorded
            purchases_are_paged_by_the_time_of_their_credit
        }
        $crate::__claims! { $harness; app_store_inbox:
            a_notification_is_kept_once
            a_notification_raced_for_is_new_once
            notifications_are_due_until_they_are_done
            a_consumption_request_is_listed_and_answered_once
            the_end_of_the_history_moves_forward_only
        }
        $crate::__claims! { $harness; idempotency:
            a_key_is_claimed_once_and_its_reply_replayed
            another_request_under_a_key_is_told_apart
            a_key_is_its_users_own
            a_key_of_nobody_is_corrupt
            keys_are_compared_by_every_character
            a_lease_that_ran_out_is_taken_over
            a_claim_that_is_given_back_is_free_at_once
            expired_keys_are_removed_in_rounds
            a_keyed_payment_is_written_with_its_reply
            a_refused_keyed_payment_replays_its_refusal
            a_keyed_payment_respects_what_the_key_is_known_for
            a_keyed_payment_without_a_reply_leaves_nothing
            what_is_made_under_a_claim_is_noted_with_it
            nothing_is_made_under_a_claim_that_is_over
        }
        $crate::__races! { $harness, $rounds; idempotency_races:
            a_key_is_claimed_by_one_of_many
            a_lease_is_taken_over_by_one_of_many
            one_keyed_payment_of_many_happens_once
        }
        $crate::__races! { $harness, $rounds; app_store_races:
            one_transaction_is_credited_once_to_one_of_two_users
            a_device_and_notifications_at_once_end_in_one_state
        }
        $crate::__races! { $harness, $rounds; package_races:
            many_clients_place_one_purchase
            one_purchase_charge_is_confirmed_once_by_many_callbacks
            many_charges_pay_one_purchase_once
            many_purchases_of_one_project_are_given_once
        }
        $crate::__races! { $harness, $rounds; leases:
            looks_are_shared_by_four_workers
            callbacks_are_shared_by_four_workers
            notifications_are_shared_by_four_workers
            receipts_to_refund_are_shared_by_four_workers
            refunds_are_shared_by_four_workers
        }
        $crate::__races! { $harness, $rounds; races:
            one_order_is_paid_once_by_many_clients
            a_balance_is_spent_once_over_many_orders
            a_course_is_sold_once_over_many_orders
            balance_and_charge_pay_one_order_once
            one_charge_is_confirmed_once_by_many_callbacks
            many_charges_pay_one_order_once
            many_clients_open_one_charge
            a_top_up_is_credited_once_by_many_callbacks
            a_due_refund_is_claimed_by_one_worker
        }
    };
}

/// Expands to one `#[tokio::test]` per claim about events on their way out.
///
/// As [`store_contract!`](crate::store_contract), but for something that implements
/// [`DeliveryHarness`](crate::contract::DeliveryHarness) on a database of its own for each test: an endpoint
/// that wants all events hears of everybody's.
#[macro_export]
macro_rules! delivery_contract {
    ($harness:expr) => {
        $crate::delivery_contract!($harness, rounds = $crate::contract::ROUNDS);
    };
    ($harness:expr, rounds = $rounds:expr) => {
        $crate::__claims! { $harness; event_delivery:
            an_endpoint_is_stored_whole_and_changed
            a_removed_endpoint_is_forgotten_with_its_deliveries
            events_are_noted_while_an_endpoint_is_active
            an_event_goes_once_to_each_endpoint_that_wants_it
            a_delivery_is_claimed_sent_and_recorded
            an_answer_that_is_not_taken_makes_a_delivery_due_later
            an_endpoint_that_is_gone_is_disabled
            a_test_goes_the_way_of_an_event
            a_settled_event_is_sent_again
            deliveries_are_listed_newest_first_in_pages
            what_happened_since_a_moment_is_sent_again
        }
        $crate::__races! { $harness, $rounds; event_delivery_races:
            every_event_reaches_every_endpoint_once
            one_delivery_is_sent_by_one_worker
        }
    };
}

/// Expands to one `#[tokio::test]` per kind of work that is shared under leases: the harness without its
/// leases ([`Unleased`](crate::contract::Unleased)) must break the claim.
#[macro_export]
macro_rules! broken_leases {
    ($harness:expr) => {
        $crate::__broken_leases! { $harness;
            looks_are_shared_by_four_workers
            callbacks_are_shared_by_four_workers
            notifications_are_shared_by_four_workers
            receipts_to_refund_are_shared_by_four_workers
            refunds_are_shared_by_four_workers
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __broken_leases {
    ($harness:expr; $($claim:ident)*) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $claim() {
            let harness = $crate::contract::Unleased($harness);
            let verdict = $crate::contract::leases::$claim(&harness, 2).await;
            assert!(verdict.is_err(), "the claim does not see work that is done twice");
        }
    )*};
}

/// One test per claim that panics.
#[doc(hidden)]
#[macro_export]
macro_rules! __claims {
    ($harness:expr; $group:ident: $($claim:ident)*) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $claim() {
            let harness = $harness;
            $crate::contract::$group::$claim(&harness).await;
        }
    )*};
}

/// One test per claim about races.
#[doc(hidden)]
#[macro_export]
macro_rules! __races {
    ($harness:expr, $rounds:expr; $group:ident: $($claim:ident)*) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $claim() {
            let harness = $harness;
            let verdict = $crate::contract::$group::$claim(&harness, $rounds).await;
            assert_eq!(verdict, Ok(()));
        }
    )*};
}
