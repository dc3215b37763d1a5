/// Builds the answers of calls. A failure becomes a code; nothing is thrown.
library;

import '../model/codes.dart';
import '../model/exception.dart';
import 'types.dart';

/// The codes that the plugin returns without asking the server.
abstract final class CompatCode {
  /// `initSDK` has not been called.
  static const int notInitialized = 6013;

  /// Lamplight does not have the call or the option. The plugin has this code
  /// for a call that the app's edition does not include.
  static const int notSupported = LamplightCode.editionNotSupported;
}

/// The answer of a call that has succeeded.
V2TimCallback done() => V2TimCallback(code: LamplightCode.ok, desc: 'ok');

/// The answer of a call that has a value.
V2TimValueCallback<T> valued<T>(T data) =>
    V2TimValueCallback(code: LamplightCode.ok, desc: 'ok', data: data);

/// The answer of a call that was refused. Its type fits every call.
V2TimValueCallback<Never> refusal(int code, [String? desc]) =>
    V2TimValueCallback(code: code, desc: desc ?? LamplightCode.english(code));

/// The refusal of something that Lamplight does not have.
V2TimValueCallback<Never> notSupported(String what) => refusal(
      CompatCode.notSupported,
      'Lamplight does not support $what; see COMPAT.md of package lamplight',
    );

/// The answer of a call that Lamplight does not have. COMPAT.md lists every
/// use of it.
Future<V2TimValueCallback<Never>> absent(String call) async =>
    notSupported(call);

/// The refusal of an argument.
V2TimValueCallback<Never> invalid(String why) =>
    refusal(LamplightCode.invalidParameter, why);

/// Makes a call of the client, and turns an exception into the answer.
Future<V2TimCallback> answered(Future<Object?> Function() call) async {
  try {
    await call();
    return done();
  } on LamplightException catch (error) {
    return refusal(error.code, error.message);
  }
}

/// Does the same as [answered], for a call that has a value.
Future<V2TimValueCallback<T>> answeredWith<T>(
  Future<T> Function() call,
) async {
  try {
    return valued(await call());
  } on LamplightException catch (error) {
    return refusal(error.code, error.message);
  }
}
