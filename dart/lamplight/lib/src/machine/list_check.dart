/// The check of the subscription list. Former friends stay in the cache until
/// the list shows whether the account is subscribed to them.
///
/// A client knows the list from its first login, and every change of it while
/// the link lasts. While the link is broken, another device may change the
/// list, and a resume does not name it again. The list is then read when a
/// friendship ends. The check knows no messages and no clock.
library;

/// The former friends who may still be on the subscription list. They are in
/// the cache.
final class ListCheck {
  final Set<String> _former = {};
  bool _isSent = false;
  int _notBefore = 0;

  /// Whether the known subscription list equals the server's list.
  bool get isKnown => _isKnown;
  bool _isKnown = false;

  /// Records a login. Its snapshot says which users are watched, so the check
  /// ends. Only the first login's answer contains the subscription list.
  void loggedIn({required bool isFirst}) {
    _isKnown = isFirst;
    giveUp();
    _notBefore = 0;
  }

  /// Adds former friends.
  void add(Iterable<String> former) => _former.addAll(former);

  /// Removes users who are watched for another reason.
  void forget(Iterable<String> watched) => _former.removeAll(watched);

  /// The time when the list is to be read; null if reading it is unnecessary or
  /// under way.
  int? get due => _isSent || _former.isEmpty ? null : _notBefore;

  /// Records that the list is being read.
  void sent() => _isSent = true;

  /// Records a temporary refusal, after which the list is read again at
  /// [notBefore].
  void refusedUntil(int notBefore) {
    _isSent = false;
    _notBefore = notBefore;
  }

  /// Records that the list was read, and returns the users to look up in it.
  List<String> read() {
    _isKnown = true;
    return giveUp();
  }

  /// Ends the check without the list.
  List<String> giveUp() {
    final former = [..._former];
    _former.clear();
    _isSent = false;
    return former;
  }
}
