"""Sentences of the rooms that know no Django, for those who translate: made by `make messages`.

They are translated where they are shown, by their English words.
"""

from django.utils.translation import gettext_noop

SENTENCES = (
    gettext_noop('The file is empty. Check the original and upload it again.'),
    gettext_noop('The file is larger than 25 MB. Save a smaller copy and upload that.'),
    gettext_noop('The file could not be opened on this computer. Check that it exists and may be read.'),
    gettext_noop('This kind of file cannot be read. Save the résumé as PDF, Word, OpenDocument, RTF, plain text, Markdown, HTML or e-mail and upload that.'),
    gettext_noop('The file is a picture, and text recognition is off. Ask for the résumé as PDF, Word, OpenDocument, RTF, plain text, Markdown, HTML or e-mail, or ask whoever runs this site to switch recognition on.'),
    gettext_noop('The file is a kind of picture that cannot be read. Save it as PDF, PNG or JPEG and upload that.'),
    gettext_noop('The file is an Apple Pages document. Export it as PDF or Word and upload that.'),
    gettext_noop('The file is a spreadsheet. Save the résumé as PDF or Word (.docx) and upload that.'),
    gettext_noop('The file is a presentation. Save the résumé as PDF and upload that.'),
    gettext_noop('The file is an archive of other files that cannot be opened here. Unpack it and upload the résumés themselves, or put them into a ZIP.'),
    gettext_noop('The archive is larger than 100 MB. Make several smaller ones and upload those.'),
    gettext_noop('The archive holds more than 10,000 files. Make several smaller ones and upload those.'),
    gettext_noop('The archive holds no files. Check the original and upload it again.'),
    gettext_noop('The file is an archive inside an archive inside another. Unpack it and upload the résumés themselves.'),
    gettext_noop('The archive holds a link here and no file. Add the file itself and upload it.'),
    gettext_noop('The file is a program, whatever its name says. Do not open it; ask the candidate for the résumé as PDF.'),
    gettext_noop('The file is a sound or video recording. Ask for the résumé as PDF, Word, OpenDocument, RTF, plain text, Markdown, HTML or e-mail.'),
    gettext_noop('The file is protected by a password. Save a copy without one and upload it again.'),
    gettext_noop('The pages hold pictures and no text, as in a scan, and text recognition is off. Export the résumé from the program where it was written, or ask for such a copy; or ask whoever runs this site to switch recognition on.'),
    gettext_noop('No text was recognised in the picture. Check that it shows a résumé, upright, sharp and well lit, or ask for the résumé as a file with text.'),
    gettext_noop('There is no text in the file. Check the original and upload it again.'),
    gettext_noop('The letters in the file cannot be told: its fonts lack the key to them. Export the résumé as PDF anew, or print it to PDF from another program.'),
    gettext_noop('The file is damaged or incomplete. Get a fresh copy and upload it again.'),
    gettext_noop('The file has more than 300 pages. Save the pages with the résumé and upload those.'),
    gettext_noop('The file holds more text than several books. Save the part with the résumé and upload that.'),
    gettext_noop('The file unpacks to far more than a résumé needs, so reading it was stopped. Save the résumé as a new PDF and upload that.'),
    gettext_noop('Reading the file took longer than 20 seconds, so it was stopped. Save the résumé as a new PDF and upload that.'),
    gettext_noop('Reading the file took more memory than any résumé should, so it was stopped. Save the résumé as a new PDF and upload that.'),
    gettext_noop('The file made the reader stop. Nothing else was harmed. Save the résumé as a new PDF and upload that.'),
    gettext_noop('This asks for an age. Ask for the experience that the work needs.'),
    gettext_noop('This asks for a sex or gender. Leave it out.'),
    gettext_noop('This asks for an origin or a mother tongue. Ask for the level of the language, or for the right to work.'),
    gettext_noop('This asks for a religion. Leave it out.'),
    gettext_noop('This asks about health or disability. Ask for the task that is to be done, which may be done in more than one way.'),
    gettext_noop('This asks about family. Ask for the hours or the travel that the work needs.'),
    gettext_noop('This asks for a sexual orientation. Leave it out.'),
    gettext_noop('This asks for looks. Ask for what the work needs.'),
    gettext_noop('This asks for a political view or union membership. Leave it out.'),
)
