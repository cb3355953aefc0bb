"""Checks, for `tocsin check`, the folder of templates and whether the audiences can be reached."""

from __future__ import annotations

from bot import notifiers
from bot.check.finding import Finding, fail, ok, warn
from bot.domain.policy.policy import Policy
from bot.settings import Settings
from bot.templates.library import SUFFIX, TemplateLibrary


def check(settings: Settings, policy: Policy) -> list[Finding]:
    """Report problems of templates with file and line, and audiences by e-mail where no e-mail is set up."""
    findings = [*_folder(settings)]
    by_mail = [audience.name for audience in policy.audiences.values() if audience.emails]
    if by_mail and "email" not in notifiers.methods(settings):
        names = ", ".join(by_mail)
        findings.append(warn("templates", f"{names} are told by e-mail, which needs SMTP_URL and MAIL_FROM."))
    if policy.sheet is not None and "email" not in notifiers.methods(settings):
        findings.append(warn("sheet", "the emergency sheet is mailed weekly, which needs SMTP_URL and MAIL_FROM."))
    return findings


def _folder(settings: Settings) -> list[Finding]:
    folder = settings.tocsin_templates
    if folder is None:
        return []
    if not folder.is_dir():
        return [
            fail("templates", f"TOCSIN_TEMPLATES is {folder}, which is no folder. Name a folder of {SUFFIX} files.")
        ]
    library = TemplateLibrary(folder)
    problems = [fail("templates", f"{path}:{problem.line}: {problem.message}") for path, problem in library.problems()]
    count = len(list(folder.glob(f"*{SUFFIX}")))
    return problems or [ok("templates", f"{count} of your own in {folder}")]
