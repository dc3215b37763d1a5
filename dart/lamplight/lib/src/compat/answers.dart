/// Creates the answers of calls. A failure is a code in the answer; no call
/// throws an error.
library;

import '../model/codes.dart';
import '../model/exception.dart';
import 'types.dart';

/// The codes that this package returns without a request to the server.
abstract final class CompatCode {
  /// `initSDK` has not been called.
  static const int notInitialized = 6013;

  /// Lamplight does not have the call or the option. In the plugin, this code
  /// means that the app's edition does not include the call.
  static const int notSupported = LamplightCode.editionNotSupported;
}

/// Returns the answer of a call that has succeeded.
V2TimCallback done() => V2TimCallback(code: LamplightCode.ok, desc: 'ok');

/// Returns the answer of a call that has succeeded with a value.
V2TimValueCallback<T> valued<T>(T data) =>
    V2TimValueCallback(code: LamplightCode.ok, desc: 'ok', data: data);

/// Returns the answer of a refused call. Its type fits the answer of every
/// call.
V2TimValueCallback<Never> refusal(int code, [String? desc]) =>
    V2TimValueCallback(code: code, desc: desc ?? LamplightCode.english(code));

/// Returns the refusal of a feature that Lamplight does not have.
V2TimValueCallback<Never> notSupported(String what) => refusal(
      CompatCode.notSupported,
      'Lamplight does not support $what; see COMPAT.md of package lamplight',
    );

/// Returns the answer of a call that Lamplight does not have. COMPAT.md lists
/// these calls.
Future<V2TimValueCallback<Never>> absent(String call) async =>
    notSupported(call);

/// Returns the refusal of an invalid argument.
V2TimValueCallback<Never> invalid(String why) =>
    refusal(LamplightCode.invalidParameter, why);

/// Makes a call of the client, and converts an exception to an answer.
Future<V2TimCallback> answered(Future<Object?> Function() call) async {
  try {
    await call();
    return done();
  } on LamplightException catch (error) {
    return refusal(error.code, error.message);
  }
}

/// Makes a call of the client that has a value, and converts an exception to an
/// answer.
Future<V2TimValueCallback<T>> answeredWith<T>(
  Future<T> Function() call,
) async {
  try {
    return valued(await call());
  } on LamplightException catch (error) {
    return refusal(error.code, error.message);
  }
}
