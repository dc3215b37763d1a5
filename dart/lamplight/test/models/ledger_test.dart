/// Tests the plan of queries and subscriptions with the scripts of the web kit.
library;

import '../support/runner.dart';
import 'cases.dart';
import 'ledger_script.dart';

void main() {
  final scripts =
      readCases('ledger.txt').split(RegExp('^=== ', multiLine: true));
  // The beginning of the file is a description, not a script.
  for (final script in scripts.skip(1)) {
    final end = script.indexOf('\n');
    test(script.substring(0, end), () {
      runLedgerScript(script.substring(end + 1));
    });
  }
}
