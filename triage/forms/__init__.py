"""What is sent, checked: by a patient's page or another program, by a staff member or a program of the clinic's."""
